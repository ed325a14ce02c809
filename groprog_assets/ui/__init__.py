"""The programs behind `groprog dev`: the code server, the web server and the daemon of one study's UI.

Not here: what the UI may be asked (`web`), the command (`cli.dev`), what runs (`running`).
"""
