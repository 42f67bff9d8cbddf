// Makes what the portal's pages load, in ../static: node build.mjs (after npm ci). Nothing of it is committed.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const dkfds = join(packages, "dkfds", "dist");
const out = join(here, "..", "static");

rmSync(out, { recursive: true, force: true });
for (const folder of ["css", "js", "img", "fonts"]) mkdirSync(join(out, folder), { recursive: true });

const { css } = sass.compile(join(here, "theme.scss"), {
  loadPaths: [join(dkfds, "scss")],
  style: "compressed",
  quietDeps: true,
  silenceDeprecations: ["if-function"],
  logger: sass.Logger.silent,
});
// The design system declares every weight as whole fonts; ours, in theme.scss, are the parts for Danish alone.
const own = css.replace(/@font-face\{[^}]*\/complete\/[^}]*\}/g, "");
writeFileSync(join(out, "css", "portal.css"), own);

for (const weight of ["Regular", "Medium", "SemiBold", "Bold"]) {
  const name = `IBMPlexSans-${weight}-Latin1.woff2`;
  cpSync(join(dkfds, "fonts", "IBMPlexSans", "split", "woff2", name), join(out, "fonts", name));
}
cpSync(join(dkfds, "img", "svg-icons"), join(out, "img", "svg-icons"), { recursive: true });
cpSync(join(dkfds, "img", "all-svg-icons.svg"), join(out, "img", "icons.svg"));
cpSync(join(here, "img"), join(out, "img"), { recursive: true });
cpSync(join(dkfds, "js", "dkfds.min.js"), join(out, "js", "dkfds.js"));
cpSync(join(packages, "htmx.org", "dist", "htmx.min.js"), join(out, "js", "htmx.js"));
cpSync(join(here, "portal.js"), join(out, "js", "portal.js"));
const licences = [
  ["dkfds (css, js, icons; IBM Plex Sans in fonts/)", readFileSync(join(packages, "dkfds", "LICENSE.md"), "utf8")],
  ["htmx (js/htmx.js)", readFileSync(join(packages, "htmx.org", "LICENSE"), "utf8")],
];
writeFileSync(join(out, "LICENSES.txt"), licences.map(([what, text]) => `${what}\n\n${text.trim()}\n`).join("\n\n"));
