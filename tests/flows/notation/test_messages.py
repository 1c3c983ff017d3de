"""Every mistake has its message: code, place, what is said, and what is offered. One line of the table is one mistake in a small flow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fsm_agents.flows.notation as package
from fsm_agents.flows.notation.codes import CODES
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.problems import FlowError, Problem, Severity
from tests.flows.notation.small import SMALL, changed, wrong

# fmt: off
CASES = [
    # what stands there            what is written instead                code  where it points  said                      offered
    ('range = "1..20"',            "range = 1..20",                       "F001", "1..", "",                       'range = "1..20"'),
    ('type = "digits"',            "type = digits",                       "F001", "dig", "",                       'type = "digits"'),
    ('type = "digits"',            'type: "digits"',                      "F001", ': "', "",                       'type = "digits"'),
    ("[slots.caller]",             "[slots.count]",                       "F001", "[sl", "",                       "put both into one"),
    ("version = 2",                "version = 2\nversion = 3",            "F001", "ver", "",                       "put both into one"),
    ("emit sold      |\n",         "emit sold      |\n'''\n",             "F001", "| t", "",                       ""),
    ("|                |\n'''",    "|                |",                  "F001", "", "",                       "'''"),
    ('end = "done"',               'end = "done"\nrows = "x"',            "F002", "rows", "[states.end]",           "order = '''"),
    ('end = "done"',               'end = "done"\nversion = 3',           "F002", "version", "[states.end]",           "above the first"),
    ('retry = ["S',                'repromt = ["S',                       "F003", "repromt", "'repromt' in [states.ask]", "did you mean"),
    ('range = "1..20"',            'retry = ["x"]',                       "F003", "retry", "'retry' in [slots.count]",  "[states.X]"),
    ('range = "1..20"',            'retri = ["x"]',                       "F003", "retri", "'retri'",                "'retry'? (in [states.X])"),
    ('range = "1..20"',            "xyzzy = 1",                           "F003", "xyzzy", "'xyzzy'",                "known: type, says"),
    ('range = "1..20"',            'length = "3"',                        "F003", "length", "digits slots",           'type = "digits"'),
    ("version = 2",                "versoin = 2",                         "F003", "versoin", "'versoin'",              "did you mean 'version'?"),
    ('say = "Bye."',               'say = { audoi = "x", text = "y" }',   "F003", "audoi", "'audoi' in a prompt",    "welcome.wav"),
    ('start = "ask"',              'start = "ask"\nx = ' + "[" * 17 + "]" * 17, "F004", "[]]", "nest deeper",       ""),
    ('start = "ask"',              'start = "ask"\n' + "a." * 17 + "a = 1", "F004", ".a ", "a key of more",         ""),
    ('start = "ask"',              'start = "ask"\n[' + "a." * 17 + "a]",   "F004", ".a]", "a key of more",         ""),
    ('"Bye."',                     f'"{"x" * 20_001}"',                   "F004", "xxx", "20,001 characters",      ""),
    ('["size", "count"]',          f'[{"1," * 10_001}]',                  "F004", "[1,", "a list of 10,001",       ""),
    ("drop           |",           f'"{"x " * 2_000}" |',                 "F004", "fil", "a cell of 4,0",          "[phrases]"),
    ('say = "Bye."',               'say = { audio = "../x.wav", text = "y" }', "F006", "../x.wav", "no path inside",    ""),
    ('say = "Bye."',               'say = { audio = "/x.wav", text = "y" }', "F006", "/x.wav", "no path inside",      ""),
    ("version = 2",                'version = 2\nflows = { x = "../x.toml" }', "F006", "../x.toml", "no path inside",     ""),
    ("version = 2",                'version = 2\nflows = { x = "x.txt" }', "F006", "x.txt", ".toml file",             ""),
    ("version = 2",                'version = 2\ninclude = ["c:x.toml"]', "F006", "c:x.toml", "no path inside",         ""),
    ("version = 2",                'version = "2"',                       "F007", '2"', "a whole number",         "1"),
    ("version = 2",                "version = 0",                         "F007", "0", "outside of 1..",         ""),
    ('range = "1..20"',            "range = 3",                           "F007", "3", "a range in quotes",      '"3"'),
    ('range = "1..20"',            'range = "20..1"',                     "F007", "20..1", "ends before",            ""),
    ('range = "1..20"',            'range = "20"',                        "F007", '20"', "no range",               '"1..20"'),
    ('range = "1..20"',            'range = "a..b"',                      "F007", "a..b", "no range",               ""),
    ('type = "digits"',            'type = "digits"\nlength = "0..3"',    "F007", "0..3", "outside of 1..",         ""),
    ('type = "digits"',            'type = "digits"\nlength = "3..x"',    "F007", "3..x", "no range",               '"7..11"'),
    ('type = "digits"',            'type = "date"\nfuture = "90"',        "F007", '90"', "number of days",         '"90d"'),
    ('type = "digits"',            'type = "time"\nbetween = "8..18"',    "F007", "8..18", "range of times",         "08:00"),
    ('type = "digits"',            'type = "time"\nbetween = "18:00..08:00"', "F007", "18:00..08:00", "ends before",        ""),
    ('["an end is reachable"]',    '"an end is reachable"',               "F007", "an end", "a list expected",        '["an end is reachable"]'),
    ('["an end is reachable"]',    "[1]",                                 "F007", "1]", "text in quotes",         ""),
    ('["an end is reachable"]',    '["always an end is reachable"]',      "F007", "always an", "stands before the list", 'always = ["an end is'),
    ("always =",                   "allways =",                           "F003", "allways", "'allways' in [prove]",   "did you mean 'always'?"),
    ('type = "digits"',            'type = "date"\npast = 1',             "F007", "1", "true or false",          "true"),
    ('call = "tea"',               'call = "tea"\ntimeout = 8',           "F007", "8", "a duration in quotes",   '"8s"'),
    ('call = "tea"',               'call = "tea"\ntimeout = "8 s"',       "F007", "8 s", "no duration",            '"8s"'),
    ('call = "tea"',               'call = "tea"\ntimeout = "0s"',        "F007", '0s"', "nothing",                ""),
    ('call = "tea"',               'call = "tea"\ntimeout = "2000m"',     "F007", "2000m", "longer than a day",      ""),
    ('retry = ["Small or large?"]', 'retry = "Small?"',                   "F007", "Sma", "a list expected",        '["Small?"]'),
    ('retry = ["Small or large?"]', "retry = 3",                          "F007", "3", "a list expected",        '["…"]'),
    ('say = "Bye."',               "say = 3",                             "F007", "3", "text in quotes",         '"3"'),
    ('say = "Bye."',               'say = { audio = "x.wav" }',           "F007", "say", "text in quotes",         ""),
    ('say = "Bye."',               'say = { audio = "x.wav", text = " " }', "F007", ' " ', "an empty text",        ""),
    ('say = "Bye."',               'say = { text = "x" }',                "F007", "say", "the recording's file",   "welcome.wav"),
    ('say = "Bye."',               'say = "\\u0007"',                     "F007", '"\\u', "control character",      ""),
    ('say = "Bye."',               "say = 2020-01-01",                    "F007", "202", "not a date",             ""),
    ('say = "Bye."',               "say = true",                          "F007", "tru", "not true or false",      ""),
    ('barge_in = "match"',         'barge_in = "never"',                  "F007", "never", "none of any, match",     '"any"'),
    ("[states.end]\nsay",          "[states.end.talk]\nx = 1\n[states.end]\nsay", "F007", "[st", "not a table",     ""),
    ('[states.end]\nsay = "Bye."\nend = "done"', '[states]\nend = "done"', "F007", "end", "setting of one of",      "[states.X] end"),
    ('[states.end]\nsay = "Bye."\nend = "done"', '[states]\nzend = "done"', "F007", "zend", "is a table",            "[states.zend]"),
    ('retry = ["Small or large?"]', 'retry = [{ audio = "../x.wav", text = "y" }]', "F006", "../x.wav", "no path inside", ""),
    ('[slots.caller]\ntype = "digits"', '[slots]\ncaller = "digits"',     "F007", "caller", "is a table",             "[slots.caller]"),
    ("version = 2",                "version = 2\nwords = 3",              "F007", "words", "[words] is a table",     ""),
    ('[tools.tea]\nargs = ["size", "count"]', "[tools.tea]\nargs = { size = 1 }", "F007", "{ s", "a list expected",  ""),
    ('["size", "count"]',          '["size", 3]',                         "F007", "3]", "a name in quotes",       ""),
    ('hot = "yesno"',              'hot = "bool"',                        "F007", "bool", "none of number",         '"number"'),
    ('{ hot = "yesno", kinds = "list" }', '"hot"',                        "F007", "hot", "a table expected",       ""),
    ("[prompts]",                  '[words]\nTea = "T IY"\n[prompts]',    "F007", "Tea", "no word as phrases",     "small letters"),
    ("[prompts]",                  '[words]\ntea = "tee"\n[prompts]',     "F007", "tee", "no pronunciation",       "OW K"),
    ("[slots.size.keys]\n1",       "[slots.size.keys]\nA",                "F007", "A =", "no key of a telephone",  ""),
    ('[slots.size.keys]\n1 = "small"', "[slots.size.keys]\n1 = 1",        "F007", "1", "text in quotes",         '"1"'),
    ('large = "large / big"',      '"a|b" = "large"',                     "F007", '"a|b"', "cannot be a value",      ""),
    ("[migrate.1]",                "[migrate.x]",                         "F007", "[migrate.x]", "no version",             "[migrate.2]"),
    ('[migrate.1]\nstates = { old = "ask" }', "[migrate]\n1 = 3",         "F007", "1 =", "is a table",             ""),
    ("[migrate.1]",                "[migrate.2]",                         "F007", "[migrate.2]", "older version than 2",   "version = 3"),
    ("[rows]\nmain = '''",         "[rows]\nx = 3\nmain = '''",           "F007", "x =", "a block of rows",        "x = '''"),
    ('type = "digits"',            'type = "choice"\nvalues_from = "tea"', "F007", "tea", "a field of a tool",     "find_times.times"),
    ('call = "tea"',               'handoff = "nobody"',                  "F007", "nobody", "whom",                   "queue:shop"),
    ('"yesno", kinds = "list" }',  '"yesno", kinds = "list" }\nexample = 3', "F007", "3", "a table expected",     "minutes"),
    ('"yesno", kinds = "list" }',  '"yesno", kinds = "list" }\nexample = { x = inf }', "F007", "{ x", "no form in JSON", ""),
    ('"yesno", kinds = "list" }',  '"yesno", kinds = "list" }\nexample = { x = ' + "[" * 9 + "]" * 9 + " }", "F004", "{ x", "nest too deep", ""),
    ("[slots.count]",              "[defaults]\nend_key = 5\n[slots.count]", "F007", "5", "a key in quotes",      '"#"'),
    ('flow = "small"\n',           "",                                    "F008", "ver", "'flow' is missing",      'flow = "pizza"'),
    ('start = "ask"',              "# start",                             "F008", "flo", "'start' is missing",     ""),
    ('type = "digits"',            'length = "3"',                        "F008", "[slots.caller]", "has no type",            'type = "digits"'),
    ('type = "digits"',            'type = "choice"',                     "F008", "[slots.caller]", "has no values",          "values]"),
    ('type = "digits"',            'type = "choice"\nvalues = {}',        "F008", "values", "has no values",          ""),
    ('states = ["tool"]\n',        "",                                    "F008", "[groups.work]", "no states",              ""),
    ("version = 2",                'version = 2\nlang = "tlh"',           "F009", "tlh", "no language pack",       "en-US"),
    ("| tool | ok                    | tea.hot   | end  | emit sold      |", "| tool | ok | | end |", "F101", "|", "4 cells, the header has 5", "| tool | ok | | end | |"),
    ("| clear size     |",         "| clear size     | x |",              "F101", "x |", "6 cells",                ""),
    ("| when      |",              "| if        |",                       "F102", "if ", "'if' is no column",      "in, on, when"),
    ('"[a] {size} cup"       |',   '"[a] {size} cup | mug" |',            "F103", " | ", "inside a cell",          "cup / mug"),
    ('"[a] {size} cup"       |           |', '"[a] {size} cup | mug" |',  "F103", " | ", "inside a cell",          "cup / mug"),
    ('"[a] {size} cup"       |           |', '"[a] {size} cup | mug", "tea" |', "F103", " | ", "inside a cell",       "cup / mug"),
    ("| ask | llm",                "|     | llm",                         "F104", "   ", "no state in this row",   "any"),
    ("| ask | llm",                "  ask | llm",                         "F105", 'ask | llm "ang', "begins with '|'",        ""),
    ("| clear size     |",         "| clear size",                        "F105", "e", "ends with '|'",          "|"),
    ("| on                     |", "| do                     |",          "F107", "do ", "'do' stands here twice", ""),
    ("| in  | on                     | when      | to   |", "| in  | on                     | when      | do   |", "F107", "do ", "twice", ""),
    ("| in  | on                     | when      | to   | do             |", "| in  | on                     | when      | do |", "F106", "| in  | on    ", "no column 'to'", ""),
    ('say "Sorry."',               'say "So\trry."',                      "F108", "\trry", "control character",      ""),
    ("count > 2",                  "count\t> 2",                          "F108", "\t> ", "control character",      ""),
    ("| any | closed",             "| any but | closed",                  "F201", " | ", "a state or group expected", ""),
    ("| any | closed",             "| any, ask | closed",                 "F201", ", a", "after any",              "any but (size, name)"),
    ("| any | closed",             "| any but ask, end | closed",         "F201", ", e", "any but with several",   "any but (ask, end)"),
    ("| any | closed",             "| any but (ask | closed",             "F201", " | ", "never closed",           "any but (ask)"),
    ("| any | closed",             "| ask or end | closed",               "F201", "or ", "'or' is left over",      ""),
    ("| next |",                   "| go to x |",                         "F201", "to ", "'to' is left over",      ""),
    ("| next |",                   "| ask, end |",                        "F201", ", e", "two targets",            "two rows"),
    ("| next |",                   "| visit |",                           "F201", " | ", "a state expected",       ""),
    ("| next |",                   "| chagne |",                          "F202", "chagne", "'chagne' is not a state", "known moves"),
    ("| next |",                   "| visit askk |",                      "F202", "askk", "'askk'",                 "did you mean 'ask'?"),
    ("| next |",                   "| work |",                            "F202", "work", "'work' is not a state",  "is a group"),
    ("| ask | llm",                "| aks | llm",                         "F202", "aks", "neither a state nor",    "did you mean 'ask'?"),
    ("| ask | llm",                "| any but (ask, aks) | llm",          "F202", "aks", "'aks'",                  "'ask'"),
    ('start = "ask"',              'start = "aks"',                       "F202", "aks", "'aks' is not a state",   "did you mean 'ask'?"),
    ('states = ["tool"]',          'states = ["tool", "x"]',              "F202", 'x"]', "'x' is not a state",     ""),
    ('{ old = "ask" }',            '{ old = "asc" }',                     "F202", "asc", "'asc'",                  "'ask'"),
    ("| next |",                   "|      |",                            "F203", "   ", "empty 'to'",             "write stay"),
    ('call = "tea"',               'call = "tea"\nask = "size"',          "F204", "call", "does two things: ask, call", "two states"),
    ('says = "{} / a {} one"',     'values_from = "tea.kinds"',           "F204", "values_from", "values and values_from", "leave one"),
    ("[groups.work]",              '[groups.other]\nstates = ["tool"]\n[groups.work]', "F206", "tool", "in the groups", "one"),
    ("closed, press 0        |",   "                       |",            "F301", "   ", "empty 'on'",             "filled"),
    ("closed, press 0",            "closed, press 10",                    "F301", "10 ", "a key expected",         "press 0"),
    ("closed, press 0",            "after ten",                           "F301", "ten", "a duration expected",    "after 40s"),
    ("closed, press 0",            "after 10",                            "F301", "10 ", "no duration",            "after 40s"),
    ("closed, press 0",            "ended",                               "F301", "   ", "an outcome expected",    ""),
    ("closed, press 0",            "no_input 0",                          "F301", "0  ", "'0' is no count",        "no_input 2+"),
    ("closed, press 0",            "no_input 1.5",                        "F301", "1.5", "'1.5' is no count",      ""),
    ("closed, press 0",            "llm angry",                           "F301", "angry", "what the model is asked", ""),
    ("closed, press 0",            'llm " "',                             "F301", '" "', "asked nothing",          ""),
    ("closed, press 0",            'llm "x" sets',                        "F301", "   ", "a slot expected",        ""),
    ("closed, press 0",            "never mind",                          "F301", "mind", "'mind' is left over",    'use quotes: "never mind"'),
    ("closed, press 0",            "closed;",                             "F301", ";  ", "';' is left over",       ""),
    ("closed, press 0",            "say",                                 "F301", "say", "'say' is no event",      '"say"'),
    ("closed, press 0",            'closed, "x',                          "F301", '"x ', "never closed",           'end it with "'),
    ("closed, press 0",            "(closed)",                            "F301", "(cl", "an event, a phrase",     ""),
    ("count > 2",                  "(count > 2)",                         "F302", "(co", "no brackets",            "two rows"),
    ("count > 2",                  "count == 2",                          "F302", "== ", "'=='",                   "write ="),
    ("count > 2",                  "count <> 2",                          "F302", "<> ", "'<>'",                   "write !="),
    ("count > 2",                  "not count = 2",                       "F302", "= 2", "bare name",              "count != …"),
    ("count > 2",                  "count >",                             "F302", " | ", "a number, name or text", ""),
    ("count > 2",                  "count > 2x",                          "F302", "2x ", "no number",              ""),
    ("count > 2",                  "count > and",                         "F302", "and", "'and' is no value",      ""),
    ("count > 2",                  'size = "x',                           "F302", '"x ', "never closed",           ""),
    ("count > 2",                  "size in small",                       "F302", "small", "'(' expected",           "in (small"),
    ("count > 2",                  "size in (small",                      "F302", " | ", "never closed",           ""),
    ("count > 2",                  "say > 2",                             "F302", "say", "names no value",         ""),
    ("count > 2",                  "count member",                        "F302", "member", "'member' is left over",  ""),
    ("count > 2",                  "tea. = 1",                            "F302", "= 1", "a field expected",       ""),
    ("say menu",                   "menu",                                "F302", "menu", "say, set, clear or emit", ""),
    ("say menu",                   '"Hi."',                               "F302", '"Hi."', "words alone",            'say "Hi."'),
    ("say menu",                   "say menu, clear size",                "F302", ", c", "after an act",           "say full; clear day"),
    ("say menu",                   "say menu clear size",                 "F302", "clear", "after an act",           ""),
    ("say menu",                   "say 3",                               "F302", "3  ", "a prompt's name",        ""),
    ("say menu",                   "set count 3",                         "F302", "3  ", "'=' expected",           "set count = …"),
    ("say menu",                   "set count = 3, clear size",           "F302", ", c", "after a value",          "';' separates"),
    ("say menu",                   "clear",                               "F302", "   ", "a slot, or all,",        ""),
    ("say menu",                   'emit "x"',                            "F302", '"x"', "what the host is told",  ""),
    ("filled, drop",               "filed, drop",                         "F303", "filed", "neither an event",       "did you mean 'filled'?"),
    ("filled, drop",               "filled, noinput",                     "F303", "noinput", "'noinput'",              "did you mean 'no_input'?"),
    ('drop = "never',              'filled = "never',                     "F304", "filled", "cannot be a phrase's name", "keeps this word"),
    ('drop = "never',              'closed = "never',                     "F304", '"closed"', "a phrase and a host event", "rename one"),
    ('events = ["closed"]',        'events = ["closed", "repeat"]',       "F304", '"repeat"', "a phrase of en-US",      "rename the event"),
    ('conditions = ["member"]',    'conditions = ["member", "size"]',     "F304", '"size"', "a slot and a condition", ""),
    ("[groups.work]",              "[groups.ask]",                        "F304", "[groups.ask]", "a state and a group",    ""),
    ('["size", "count"]',          '["size", "size"]',                    "F304", "size", "twice",                  ""),
    ('"[a] {size} cup"       |',   '"[a {size} cup"        |',            "F306", "[a ", "'[' is never closed",    "add ']'"),
    ('"[a] {size} cup"       |',   '""                     |',            "F306", '"  ', "the phrase is empty",    ""),
    ('drop = "never mind"',        'drop = "never | mind"',               "F306", "| m", "separates columns",      "yes / yeah"),
    ('drop = "never mind"',        'drop = ""',                           "F306", '"', "empty",                  ""),
    ('drop = "never mind"',        'drop = "<a> <a> <a> <a> <a> <a>"\n' + "\n".join(f'{x} = "<{y}> <{y}> <{y}> <{y}> <{y}> <{y}>"' for x, y in zip("abcde", "bcdef", strict=True)) + '\nf = "x"', "F306", "<a>", "words when its named phrases", ""),
    ('"[a] {size} cup"       |',   '"2 {size} cups"        |',            "F307", "2 {", "as it is spoken",        "two, for 2"),
    ('"[a] {size} cup"       |',   '"чай {size}"           |',            "F307", "чай", "no word of en-US",       "letters"),
    ('drop = "never mind"',        'drop = "İx"',                         "F307", 'İx"', "no word of en-US",         ""),
    ('drop = "never mind"',        'drop = "{Size}"',                     "F306", "{Si", "no name of a slot",        "small letters"),
    ('drop = "never mind"',        'drop = "<Size>"',                     "F306", "<Si", "names no phrase",          "small letters"),
    ('drop = "never mind"',        'drop = "a_b"',                        "F307", "a_b", "is not a word",            "<a_b>"),
    ('drop = "never mind"',        'drop = "a ] b"',                      "F306", "] b", "was never opened",         ""),
    ('drop = "never mind"',        'drop = "a / "',                       "F306", '"',   "nothing stands here",      ""),
    ('drop = "never mind"',        'drop = "never 茶"',                   "F307", '茶"', "no word of en-US",       ""),
    ('drop = "never mind"',        'drop = "a <x>"\nx = "<drop>"',        "F308", "<dr", "circle",                 "write the words out"),
    ('drop = "never mind"',        'drop = "never <drop>"',               "F308", "nev", "drop → drop",            ""),
    ('"[a] {size} cup"       |',   '"[a] {siez} cup"       |',            "F309", "siez", "'siez' is no slot",      "did you mean 'size'?"),
    ('"[a] {size} cup"       |',   '"[a] {} cup"           |',            "F309", "} c", "'{}' stands for nothing", "{size}"),
    ('says = "{} / a {} one"',     'says = "{} / a {count} one"',         "F309", "count", "cannot stand here",      "{} is the value"),
    ('small = "small"\nlarge',     'small = "{size}"\nlarge',             "F309", "size", "cannot stand here",      ""),
    ("count > 2",                  "cuont > 2",                           "F309", "cuont", "'cuont' is no slot, tool", "did you mean 'count'?"),
    ("count > 2",                  "tea",                                 "F309", "tea", "'tea' is a tool",        "tea.hot"),
    ("count > 2",                  "tae.hot",                             "F309", "tae.hot", "'tae' is no tool",       "did you mean 'tea'?"),
    ("tea.hot",                    "tea . cold",                          "F309", "tea . cold", "tea returns no 'cold'", ""),
    ("closed, press 0",            'llm "x" sets size, siez, closed',     "F309", "siez", "'siez' is no slot",       ""),
    ("closed, press 0",            'llm "x" sets size, 3',                "F301", "3",   "an event, a phrase",       ""),
    ("tea.hot",                    "tea.cold",                            "F309", "tea.cold", "tea returns no 'cold'",  'cold = "text"'),
    ("clear size",                 "clear siez",                          "F309", "siez", "'siez' is no slot",      "'size'"),
    ("set count = 1",              "set cuont = 1",                       "F309", "cuont", "'cuont' is no slot",     "'count'"),
    ("set count = 1",              "set count = tea.cold",                "F309", "tea.cold", "tea returns no",         ""),
    ("sets size",                  "sets menu",                           "F309", "menu", "'menu' is no slot",      "is a prompt"),
    ('{caller}."',                 '{member}."',                          "F309", "member", "a condition, and cannot be said", ""),
    ('{caller}."',                 '{calller}."',                         "F309", "calller", "'calller'",              "'caller'"),
    ('say "Sorry."',               'say "Sorry {x}."',                    "F309", "x}.", "'x' is no slot",         ""),
    ('say = "Bye."',               'say = { audio = "x.wav", text = "{x}" }', "F309", 'x}"', "'x' is no slot",     ""),
    ('retry = ["Small or large?"]', 'retry = ["Small?", "Or {y}?"]',      "F309", "y}?", "'y' is no slot",         ""),
    ('takes = ["caller"]',         'takes = ["caler"]',                   "F309", "caler", "'caler' is no slot",     "'caller'"),
    ('["size", "count"]',          '["size", "cout"]',                    "F309", "cout", "'cout' is no slot",      "'count'"),
    ('ask = "size"',               'ask = "tea"',                         "F309", "tea", "'tea' is no slot",       "is a tool"),
    ('call = "tea"',               'call = "tee"',                        "F309", "tee", "'tee' is no tool",       "'tea'"),
    ('call = "tea"',               'run = "tea"',                         "F309", "tea", "'tea' is no sub-flow",   ""),
    ('range = "1..20"',            'check = "tee"',                       "F309", "tee", "'tee' is no tool",       ""),
    ('{ old = "ask" }',            '{ old = "ask" }\nslots = { a = "b" }', "F309", 'b" ', "'b' is no slot",        ""),
    ('call = "tea"',               'handoff = "queue:x"\ncarry = ["siz"]', "F309", "siz", "'siz' is no slot",      ""),
    ('type = "digits"',            'type = "choice"\nvalues_from = "tea.cups"', "F309", "tea.cups", "tea returns no 'cups'", ""),
    ('"[a] {size} cup"       |',   '"<please> {size} cup"  |',            "F310", "please", "'please' is no named phrase", ""),
    ('say = "Bye."',               'say = "Bye {size"',                   "F311", "{si", "'{' has no partner",     "{{"),
    ('say = "Bye."',               'say = "Bye }"',                       "F311", '}"', "'}' has no partner",     "}}"),
    ('say = "Bye."',               'say = "Bye {Size}"',                  "F311", "{Size}", "names no value",         "{tool.field}"),
    ('say = "Bye."',               'say = "Bye [sir]"',                   "F311", "[si", "no {value} in it",       "[[ … ]]"),
    ('say = "Bye."',               'say = "Bye [{size}"',                 "F311", "[{s", "never closed",           "[["),
    ('say = "Bye."',               'say = "Bye {size}]"',                 "F311", ']"', "closes nothing",         "]]"),
    ('say = "Bye."',               'say = "' + "[ " * 6 + '{size}"',      "F311", "[ {", "nest deeper",            ""),
    ('say "Sorry."',               'say "Sorry [you]."',                  "F311", "[yo", "no {value} in it",       ""),
    ("say menu",                   "say meun",                            "F312", "meun", "'meun' is no prompt",    "did you mean 'menu'?"),
    ("say menu",                   "say xyz",                             "F312", "xyz", "'xyz' is no prompt",     'say "xyz"'),
    ('end = "done"',               'end = "done"\nwith = { a = "nope" }',  "F309", "nope", "'nope' is no slot",      ""),
    ("set count = 1",              "set count = 99",                      "F313", "99 ", "outside",                ""),
    ("set count = 1",              "set count = 1.5",                     "F313", "1.5", "no number",              "3"),
    ("set count = 1",              "set size = huge",                     "F313", "huge", "no value of 'size'",     "known: small, large"),
    ("set count = 1",              "set size = smal",                     "F313", "smal", "no value of 'size'",     "did you mean 'small'?"),
    ("set count = 1",              "set caller = 3",                      "F313", "3  ", "no digits",              '"3"'),
    ("set count = 1",              "set count = tea.hot",                 "F313", "tea.hot", "'tea.hot' is yesno",     ""),
    ("set count = 1",              "set count = size",                    "F313", "size", "'size' is choice",       ""),
    ("set count = 1",              "set size = tea.kinds",                "F313", "tea.kinds", "is list",                ""),
    ("count > 2",                  "size > 2",                            "F313", "size", "no order",               "size in"),
    ("count > 2",                  "size = huge",                         "F313", "size", "no value of 'size'",     ""),
    ("count > 2",                  "count in (1, two)",                   "F313", "count", "'two' is no number",     ""),
    ("tea.hot",                    "tea.hot = maybe",                     "F313", "tea.hot", "no yesno",               "yes or no"),
    ('1 = "small"',                '1 = "smal"',                          "F313", "smal", "no value of 'size'",     "'small'"),
    ('type = "digits"',            'type = "choice"\nvalues_from = "tea.hot"', "F313", "tea.hot", "is no list",        'hot = "list"'),
    ('flow = "small"',             'flow = "Small"',                      "F314", "Small", "is no name",             "small letters"),
    ("[states.end]",               "[states.End]",                        "F314", "[states.End]", "'End' is no name",       ""),
    ("[rows]\nmain = '''",         "[rows]\nMain = '''",                  "F314", "Main", "'Main' is no name",      ""),
    ("closed, press 0",            "ended known",                         "F315", "ended known", "no sub-flow runs here",  "outcomes: none"),
    ('{caller}."',                 '{caller:shouted}."',                  "F316", "shouted", "spoken as 'shouted'",    "known:"),
    ('call = "tea"',               'talk = "Talk."\ntools = ["tae"]',     "F602", "tae", "which is not in [tools]", "'tea'"),
]
# fmt: on
MILD = [
    ('wait = ["Boiling."]', 'carry = ["size"]', "F205", Severity.WARNING),
    ('says = "{} / a {} one"', "ordinals = true", "F205", Severity.WARNING),
    ('"[a] {size} cup"       ', '"[a] {size} cup of good hot tea with some milk"', "F305", Severity.NOTE),
    ('type = "digits"', 'type = "postcode"\ngrid = { x = 2020-01-01 }', "F317", Severity.NOTE),
    ('type = "digits"', 'type = "digts"', "F317", Severity.WARNING),
]


def found(problems: tuple[Problem, ...], code: str, at: str) -> Problem:
    """The problem with this code that points at this text."""
    here = [p for p in problems if p.code == code and p.shown[p.place.col - 1 :].startswith(at)]
    assert here, [f"{p} -> {p.shown[p.place.col - 1 :]!r}" for p in problems]
    return here[0]


@pytest.mark.parametrize(
    ("old", "new", "code", "at", "said", "offered"), CASES, ids=[f"{n}-{case[2]}" for n, case in enumerate(CASES)]
)
def test_a_mistake_is_told_with_its_place_and_a_fix(old: str, new: str, code: str, at: str, said: str, offered: str) -> None:
    problem = found(wrong(changed(old, new)), code, at)
    assert said in problem.message
    assert offered in f"{problem.fix} {problem.why}"
    assert problem.place.file == "flow.toml"
    if problem.place.line:
        assert problem.shown == changed(old, new).split("\n")[problem.place.line - 1]


@pytest.mark.parametrize(("old", "new", "code", "severity"), MILD)
def test_what_could_be_better_does_not_keep_a_flow_from_loading(old: str, new: str, code: str, severity: Severity) -> None:
    [problem] = read_text(changed(old, new)).problems
    assert (problem.code, problem.severity) == (code, severity)


def test_the_small_flow_itself_is_in_order() -> None:
    assert read_text(SMALL).problems == ()


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        changed("| next |", "| nxt |")
        .replace("clear size", "clear siez")
        .replace('ask = "size"', 'ask = "siez"')
        .replace("[tools.tea]", "[tool.tea]")
    )
    problems = wrong(text)
    told = [(p.code, p.shown[p.place.col - 1 :][: p.place.width]) for p in problems]
    assert ("F003", "[tool.tea]") in told
    assert ("F202", "nxt") in told
    assert told.count(("F309", "siez")) == 2  # in a cell and in a state
    assert [p.place.line for p in problems] == sorted(p.place.line for p in problems)


def test_words_in_a_row_are_bounded_with_the_named_phrases_in_them() -> None:
    text = changed('drop = "never mind"', f'drop = "{"x " * 3_000}"')
    assert read_text(text).problems == ()
    [problem] = wrong(text.replace('"[a] {size} cup"', '"<drop> <drop>"'))
    assert (problem.code, problem.message) == ("F306", "6,000 words when its named phrases are filled in")


def test_a_phrase_that_cannot_be_read_is_told_once_and_not_again_where_it_is_used() -> None:
    [problem] = wrong(changed('drop = "never mind"', 'drop = "never <x>"\nx = "[mind"'))
    assert (problem.code, problem.shown) == ("F306", 'x = "[mind"')


def test_only_the_first_mistakes_are_given_a_guess_and_only_so_many_are_kept() -> None:
    rows = "".join(f"| ask | filled | | nxt{n} | |\n" for n in range(700))
    problems = wrong(changed("| any | closed", rows + "| any | closed"))
    assert len(problems) == 500
    assert sum("did you mean" in p.fix for p in problems) <= 20


def test_every_code_that_can_be_raised_is_listed_and_has_a_test() -> None:
    files = [*Path(package.__path__[0]).glob("*.py"), Path(package.__path__[0]).parent / "phrases.py"]
    raised = {code for file in files if file.name != "codes.py" for code in re.findall(r'"(F\d{3})"', file.read_text("utf-8"))}
    assert raised == set(CODES)
    elsewhere = {"F005", "F010", "F011", "F405"}  # in test_folder.py; recordings have tests of their own
    assert {case[2] for case in [*CASES, *MILD]} | elsewhere == set(CODES)


def test_a_problem_shows_its_line_with_a_caret() -> None:
    with pytest.raises(FlowError) as raised:
        read_text(changed("| next |", "| nxt |"), "tea.toml")
    lines = str(raised.value).split("\n")
    assert lines[1] == "tea.toml:12:46 F202 'nxt' is not a state"
    assert lines[3].index("^^^") == lines[2].index("nxt")
