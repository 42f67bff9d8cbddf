"""The portal: the self-service in a browser, in Danish and English, for suppliers, municipalities and helpdesk.

Owns browser sessions and nothing else; all it shows and does goes through the other services' APIs with the rights
of whoever is signed in. Says no events, and listens to the clock's alone.
"""
