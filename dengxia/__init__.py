"""灯下 (Dengxia): an article site for Chinese text that one person can run.

The map of this folder. An arrow reads "may import": app → doors → rules → tools.

Doors, HTTP or terminal:    reading (public pages), feeds (for machines), desk (the editor's pages), desk_articles (the
                             form of an article), desk_lists (of them), desk_revisions (what they were),
                             desk_corrections (更正), desk_related (相关文章),
                             desk_pictures, desk_preview, desk_pages (fixed pages), desk_site
                             (categories, links, old addresses, settings), auth (sign in and out, who may what),
                             cli (commands)
Rules, database, no request: queries (every question), listings (pages of lists, random),
                             around (what stands around an article), prerender (its page, made when it is
                             written), writing (every change), rebuilding (what is derived),
                             ranks (the n-th of a list), search (full text), suggestions (titles for words),
                             related (what fits an article), postings (which articles tell of a term),
                             transfer (content in), site_folder (what else a folder
                             brings), runs (of it, taken back), export (and out), keeping (backups),
                             doctor (is all well), kept (answers in memory),
                             people (of the desk), throttle (of tries to sign in), journal (the desk's log),
                             manuscripts (an article as its form has it), editing (its states, acts and saves),
                             revisions (what it was), working (typed, not saved), worklist (lists of the desk),
                             remembered (what was typed before), uses (which picture is where), album (the pictures),
                             categories, fixed (pages: 关于), upkeep (links, old addresses, settings: what
                             changes them), settings (which there are, what they say now),
                             proof (what to look at before publishing), corrections (of what was published),
                             choices (of related articles),
                             times (moments as pages say them), schema (is the database there),
                             health (is the site well)
Tools, bytes and text only:  markup (text to safe HTML), commonmark (Markdown), typeset (Chinese lines), han (tokens),
                             derived (what follows from a text), terms (of it), ahead (work in a process beside),
                             asked (queries read), snippets (hits marked), packing (texts kept small),
                             images (checked, made anew, kept), pictures (found beside a text),
                             records (found in files), formats/ (a file each), moved (links within an old site),
                             files (whole or not at all), archive (a backup), limits (of time),
                             passwords (will one do, how it is kept), differences (of two texts),
                             slips (of the pen, in a text), addresses (of machines)
Frame, installed by app:     cache (pages in memory, 304), security (headers, what is believed of a request),
                             errors (as pages, in the log)
"""
