"""灯下 (Dengxia): an article site for Chinese text that one person can run.

The map of this folder. An arrow reads "may import": app → doors → rules → tools.

Doors, HTTP or terminal:    reading (public pages), feeds (for machines), cli (commands)
Rules, database, no request: queries (every question), listings (pages of lists, random), writing (every change),
                             ranks (the n-th of a list), search (full text), suggestions (titles for words),
                             related (what fits an article), transfer (content in), kept (answers in memory),
                             schema (is the database there)
Tools, bytes and text only:  markup (text to safe HTML), commonmark (Markdown), typeset (Chinese lines), han (tokens),
                             asked (queries read), snippets (hits marked), packing (texts kept small),
                             images (checked, named, kept), pictures (found beside a text),
                             files (whole or not at all), limits (of time), formats/ (a file each)
Frame, installed by app:     cache (pages in memory, 304), security (headers)
"""
