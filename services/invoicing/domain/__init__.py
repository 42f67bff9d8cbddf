"""The rules of prices, overviews and bills: frozen values and pure functions."""
