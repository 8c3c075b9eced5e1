# SPDX-License-Identifier: GPL-2.0-only
"""Each mutant of the writer or of the frame's code: [(file, text, instead)]. The model must find every one wrong."""
APPLY, PLACE, REPAIR = (f"userspace/lib/table_{name}.c" for name in ("apply", "place", "repair"))
STORE, FRAME = "userspace/lib/table_private.h", "bpf/policy.h"

LATE_WAIT = "\terr = table_grace(t);\n\tif (err)\n\t\tt->half_done"
EPOCH = "uint64_t epoch = table_epoch(c->table), next"
STAGE = "\tint err = c.touched ? stage(&c, changes, n, limits) : -ENOMEM;\n"
WRITE = "\tif (word)\n\t\tshared_write(word, (*word & ~field_mask(next)) | field);\n"
GONE = "\tc->lost += nibble == 0;\n"
TAKE_BACK = "\tif (err)\n\t\tsettle(&c, table_epoch(t));\n\telse\n"
PUBLISH = "\t\tt->stash++;\n\t\ttable_publish_stash(t);\n"
VIEW = "\tpolicy_view(view);\n\tif (mac48 == 0 || mac48 >> 40 & 1)\n\t\treturn 0;\n\tbits = policy_filter_bits(place, view->zero);\n"

MUTANTS = {
    "no wait between the new policy and the clean-up":
        [(APPLY, LATE_WAIT, "\terr = 0;\n\tif (err)\n\t\tt->half_done")],
    "the wait before the flip instead of after it":
        [(APPLY, LATE_WAIT, "\tif (err)\n\t\tt->half_done"), (APPLY, "\tint err;\n\n\tflip(t);", "\tint err = table_grace(t);\n\n\tflip(t);")],
    "no wait after opening":
        [(REPAIR, "\tint err = table_grace(t);\n", "\tint err = 0;\n")],
    "the epoch moves before the words are written":
        [(APPLY, EPOCH, "uint64_t epoch = table_epoch(c->table) - 1, next"), (APPLY, STAGE, "\tint err = -ENOMEM;\n\n\tflip(t);\n\terr = c.touched ? stage(&c, changes, n, limits) : err;\n"),
         (APPLY, "\tint err;\n\n\tflip(t);", "\tint err;\n\n")],
    "the epoch does not move":
        [(APPLY, "table_move_epoch(t, 1);", "table_move_epoch(t, 0);")],
    "an epoch comes back":
        [(APPLY, "table_move_epoch(t, 1);", "table_move_epoch(t, table_epoch(t) & 1 ? -1ull : 1);")],
    "the field in force is written instead of the other":
        [(APPLY, "(*word & ~field_mask(next)) | field", "(*word & ~field_mask(epoch)) | nibble << field_shift(epoch)")],
    "both fields are written at once":
        [(APPLY, "(*word & ~field_mask(next)) | field", "word_of_both(key, nibble)")],
    "a new word is in force before its policy":
        [(APPLY, "key << LC_WORD_KEY_SHIFT | field);", "word_of_both(key, nibble));")],
    "a word is moved while it is in force":
        [(APPLY, WRITE, "\tif (word) {\n\t\tuint64_t moved = (*word & ~field_mask(next)) | field;\n\n\t\ttable_remove(c->table, word);\n"
                        "\t\tword = table_place(c->table, moved);\n\t}\n")],
    "a filter bit is cleared before the epoch moves":
        [(APPLY, GONE, GONE + "\tsize_t at, under;\n\tuint64_t bit = filter_bit(key, &at, &under);\n"
                              "\tif (nibble == 0)\n\t\tshared_write(&c->table->filter[at], c->table->filter[at] & ~bit);\n")],
    "a filter bit is set after the epoch moved":
        [(PLACE, "\tfilter_add(t, word_key(word));\n", "\tif (0)\n\t\tfilter_add(t, word_key(word));\n"),
         (APPLY, "\t\tif (nibble == 0)\n\t\t\ttable_remove", "\t\tsize_t at, under;\n\t\tuint64_t bit = filter_bit(word_key(*word), &at, &under);\n"
                 "\t\tshared_write(&c->table->filter[at], c->table->filter[at] | bit);\n\t\tif (nibble == 0)\n\t\t\ttable_remove")],
    "a filter bit goes with the first of its words":
        [(PLACE, "if (--t->under[under] == 0)", "t->under[under]--;\n\tif (true)")],
    "the stash is counted after the epoch moved":
        [(PLACE, PUBLISH, "\t\tt->stash++;\n"), (APPLY, "\tpublish_live(t, c);\n", "\tpublish_live(t, c);\n\ttable_publish_stash(t);\n")],
    "the stash is no longer counted before its words are gone":
        [(APPLY, GONE, GONE + "\tif (nibble == 0 && table_in_stash(c->table, word))\n\t\tshared_write((uint64_t *)&c->table->head->stash_used, 0);\n")],
    "what did not fit is not taken back":
        [(APPLY, TAKE_BACK, "\tif (!err)\n")],
    "a wait that failed is forgotten":
        [(APPLY, "\t\tt->half_done = true;\n", "\t\tt->half_done = false;\n")],
    "clean-up goes on though the wait failed":
        [(APPLY, "\t\tt->half_done = true;\n\telse\n", "\t\tt->half_done = true;\n")],
    "the repair takes the field that is not in force":
        [(REPAIR, "\tuint64_t epoch = table_epoch(t);\n\n\tfor (size_t i = 0; i < word_count(t); i++) {\n\t\tuint64_t *word",
          "\tuint64_t epoch = table_epoch(t) + 1;\n\n\tfor (size_t i = 0; i < word_count(t); i++) {\n\t\tuint64_t *word")],
    "the repair looks at no word":
        [(REPAIR, "\trepair_words(t);\n\tcount_words(t);\n", "\tif (0)\n\t\trepair_words(t);\n\tcount_words(t);\n")],
    "the repair hides the stash for a while":
        [(REPAIR, "stash_used, LC_BUCKET_WORDS);", "stash_used, 0);")],
    "a part ends inside of a family":
        [(APPLY, "while (end < n && changes[end]", "while (0 && end < n && changes[end]")],
    "stores that others may see in another order":
        [(STORE, "__atomic_store_n(p, value, __ATOMIC_RELEASE)", "__atomic_store_n(p, value, __ATOMIC_RELAXED)")],
    "stores that the compiler may split":
        [(STORE, "__atomic_store_n(p, value, __ATOMIC_RELEASE)", "*p = value")],
    "a frame reads the filter before the epoch":
        [(FRAME, VIEW, "\tbits = policy_filter_bits(place, 0);\n\tpolicy_view(view);\n\tif (mac48 == 0 || mac48 >> 40 & 1)\n\t\treturn 0;\n")],
    "a frame remembers under an epoch that it reads again":
        [(FRAME, "view->epoch = (__u32)epoch;", "view->epoch = (__u32)head->epoch;")],
    "a frame reads the epoch for each length":
        [(FRAME, "\t\tif (bits >> code & 1)\n", "\t\tpolicy_view(view);\n\t\tif (bits >> code & 1)\n")],
    "a frame asks for the stash before the epoch":
        [(FRAME, "\tepoch = head->epoch;\n", "\tview->stash = head->stash_used != 0;\n\tepoch = head->epoch;\n"),
         (FRAME, "\tview->stash = load_after(&head->stash_used, view->zero) != 0; /* it is counted before the flip */\n", "")],
    "a frame's loads do not depend on the epoch's (arm64)":
        [(FRAME, "view->zero = zero_after(epoch);", "view->zero = 0;")],
}
