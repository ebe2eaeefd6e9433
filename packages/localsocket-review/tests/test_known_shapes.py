"""Shapes that were missed, or told falsely, when this reviewer was held against code that others wrote.

Each row names the shape and the program of ours that has it: one of the corpus, which test_corpus.py reviews, a way or
sink of the generated flows, or a test. A row that leads nowhere fails here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows import c, cpp, python
from planted_defects import CORPUS, planted

# What was missed: a program in which it is found now, in the folder of the rule that finds it.
MISSED = {
    "nothing says who may connect, where a bound socket reaches the framework by sock=": "ls102/bad_given_as_sock.py",
    "nothing says who may connect, where the loop is given a bound socket": "ls102/bad_loop_given_sock.py",
    "chmod before bind acts on nothing, in Python": "ls103/bad_mode_of_what_was_there.py",
    "chmod before bind acts on nothing, in C": "ls103/bad_mode_before_bind.c",
    "the path is the default of a setting: of a class, of a dictionary": "ls105/bad_defaults_of_settings.py",
    "the mode is a member of settings": "ls101/bad_mode_of_settings.py",
    "the mode is the default of a class attribute": "ls101/bad_default_is_class.py",
    "an #ifdef amid a condition hides the bind": "ls101/bad_cut_condition.c",
    "an #ifdef amid the arguments of a call hides it": "ls101/bad_cut_call.c",
    "an address of a field, handed on by void *: the removal": "ls106/bad_handed_on.c",
    "an address of a field, handed on by void *: the chmod": "ls103/bad_pointer_without_type.c",
    "an address on the heap": "ls106/bad_storage.c",
    "a structure laid over one read by casts of a pointer that moves": "ls205/bad_moved_pointer.c",
    "a structure laid over the buffer itself": "ls205/bad_structure_from_buffer.cpp",
    "a socket made here is given to an object that is moved to another thread": "ls203/bad_invoked_by_name.cpp",
    "the same, in Python": "ls203/bad_given_to_worker.py",
    "read until nothing comes, then parsed": "ls205/bad_until_nothing.cpp",
    "each read overwrites the one before": "ls207/bad_overwritten.c",
    "libuv's endpoints": "ls105/bad_libuv.c",
    "buffers that a program gave to libuv": "ls109/bad_by_libuv.c",
    "what asynchat hands to a method is unpickled": "ls107/bad_by_asynchat.py",
    "a dispatcher of asyncore that removes its path and binds it": "ls106/bad_by_asyncore.py",
    "removed whatever it is: nobody asks whether it is a socket, in C": "ls106/bad_whatever_it_is.c",
    "removed whatever it is: nobody asks whether it is a socket, in Python": "ls106/bad_whatever_it_is.py",
    "fchmod of a bound socket changes nothing of the file, in C": "ls103/bad_mode_of_bound_socket.c",
    "fchmod of a bound socket changes nothing of the file, in Python": "ls103/bad_mode_of_bound_socket.py",
    "a number that recv() fills decides how much is copied, also when it is signed": "ls110/bad_copied.c",
    "a loop that sends all is left when there is no room now, in Python": "ls207/bad_no_room.py",
    "a loop that sends all is left when there is no room now, in C": "ls207/bad_no_room.c",
    "the members of a class are set in another file than it stands in": "ls105/bad_member_below.cpp",
    "one read is split into words": "ls205/bad_words.py",
    "the descriptor of a socket object is read as a file": "ls109/bad_descriptor.py",
    "a name that a loop found free, in Python": "ls124/bad_asked.py",
    "a name that a loop found free, in C": "ls124/bad_asked.c",
    "one silent peer is served for ever, in Python": "ls206/bad_one_after_another.py",
    "one silent peer is served for ever, in C": "ls206/bad_one_after_another.c",
    # What public fixes of real programs were about, by kind.
    "fixed: a socket without close-on-exec": "ls115/bad_posix.c",
    "fixed: the end of a connection is ignored": "ls208/bad_posix.c",
    "fixed: removed without a probe": "ls106/bad_unlink_before_bind.py",
    "fixed: a path too long for sun_path": "ls111/bad_posix.c",
    "fixed: a path that is cut off": "ls111/bad_cut_off.c",
    "fixed: a write that may be short": "ls207/bad_only_failure_asked.c",
    "fixed: one read taken for one message": "ls205/bad_stdlib.py",
    "fixed: an accepted socket that is never released": "ls202/bad_kept.cpp",
    "fixed: used after it was freed": "ls117/bad_freed.c",
    "fixed: anybody may connect, by the mode": "ls101/bad_posix.c",
    "fixed: anybody may connect, by the umask": "ls101/bad_umask_in_helper.c",
    "fixed: anybody may connect until the chmod": "ls103/bad_chmod_after_bind.py",
    "fixed: a predictable path in a directory of everybody's": "ls105/bad_constant.py",
    "fixed: a descriptor lost where something fails": "ls211/bad_connect.c",
    "fixed: a name chosen first and bound later": "ls124/bad_temporary_file.py",
    "fixed: a message whose shape nobody asks": "ls212/bad_class.py",
}
# What was missed of received data that reaches a sink: the language, and the way or sink of the generated flows.
MISSED_FLOWS = {
    "a function pointer that a local variable holds": (c, "function pointer", "system"),
    "a number given by C++'s reference": (cpp, "filled by reference", "malloc"),
    "open() of a file stream": (cpp, "direct", "ifstream::open"),
    "a number that decides how much is copied": (c, "direct", "memcpy"),
    "a signed size": (c, "direct", "signed size"),
    "codecs.open": (python, "direct", "codecs.open"),
    "configparser": (python, "configparser", "exec"),
    "a list of words made by append": (python, "direct", "list made by append"),
    "pointer to pointer": (c, "pointer to pointer", "system"),
    "a union": (c, "union", "system"),
    "an alias": (c, "alias", "system"),
    "a virtual call": (cpp, "virtual call", "system"),
    "a global of another file": (c, "another file, global", "system"),
    "execl with -c": (c, "direct", "execl -c"),
    "words of a command behind macros": (c, "direct", "execlp, words by macro"),
    "a loop bound": (c, "direct", "loop bound"),
    "a pause": (c, "direct", "sleep"),
    "a size of fwrite": (c, "direct", "fwrite"),
    "a size of memmove": (c, "direct", "memmove"),
    "a size of strncpy": (c, "direct", "strncpy"),
    "a format": (c, "direct", "printf"),
    "an index": (c, "direct", "index"),
    "an offset of a pointer": (c, "direct", "pointer offset"),
    "arithmetic before memory is taken": (c, "direct", "multiplied size"),
}
# What was told falsely: a program of which nothing is told now.
FALSE = {
    "a fifo is opened to all": "ls101/good_unless_fifo.c",
    "the length is bounded by a macro of a header": "ls111/good_unless_cut.c",
    "another instance of a pipe that was made first": "ls116/good_unless_next_instance.c",
    "a helper that a comment says never returns": "ls208/good_unless_no_return.c",
    "a socket that addCleanup() closes, and a server that is awaited later": "ls209/good_unless_closed_later.py",
    "a function of the same name in another file": "ls109/good_unless_namesake",
    "a wait that ends the loop": "ls208/good_unless_wait_ends_it.cpp",
    "standard input": "ls205/good_unless_standard_input.c",
    "bits added to the mode that is there": "ls101/good_unless_bits_are_kept.c",
    "a pipe that only wakes": "ls207/good_unless_only_wakes.c",
    "a copying function of the program's own, which cuts": "ls111/good_unless_given_back.c",
    "a plain name is asked for before a file is opened": "ls109/good_unless_plain_name.py",
    "what is left of a buffer, as wide characters": "ls110/good_unless_cut.c",
    "what is left of a buffer, by two pointers": "ls110/good_unless_rest_by_pointers.c",
    "a length that a macro of the program asserts": "ls111/good_asserted.c",
    "the function that forks closes every descriptor": "ls115/good_unless_closed_where_forked.c",
    "functions that a library gives to programs": "ls403/good_unless_public.cpp",
    "a program that starts no other": "ls115/good_starts_no_other.c",
}
# What was said of files and failures.
SAID = {
    "a file in another language, named": "test_verdict::test_a_named_file_of_another_language_is_not_reviewed",
    "a script without a suffix": "test_collecting::test_a_script_is_known_by_its_first_line",
    "folders of the project's own by the name build or dist": (
        "test_collecting::test_no_folder_is_left_out_for_a_name_that_is_the_projects_own"
    ),
    "what a tree leaves out": "test_collecting::test_what_is_left_out_is_in_the_report",
    "newer Python than the interpreter's": "test_newer_python::test_newer_python_is_reviewed",
    "Python that cannot be parsed": "test_newer_python::test_a_fault_is_told_with_its_line_and_the_rest_is_read",
    "an exception of a rule": "test_failing_rules::test_each_rule_may_fail_and_the_rest_of_the_report_stands",
    "a command whose list is empty at first": "test_failing_rules::test_a_command_whose_list_is_empty_at_first_is_read",
    "a finding in a file that was not wholly understood": (
        "test_newer_python::test_findings_in_a_file_with_a_fault_are_uncertain"
    ),
}


@pytest.mark.parametrize("case", MISSED.values(), ids=MISSED.keys())
def test_what_was_missed_is_planted_in_a_program(case: str) -> None:
    assert case.partition("/")[0].upper() in {rule for _, _, rule in planted(CORPUS / case)}


@pytest.mark.parametrize("case", FALSE.values(), ids=FALSE.keys())
def test_what_was_told_falsely_is_a_program_without_a_defect(case: str) -> None:
    assert (CORPUS / case).exists()
    assert planted(CORPUS / case) == frozenset()


@pytest.mark.parametrize("name", MISSED_FLOWS)
def test_what_was_missed_is_a_flow(name: str) -> None:
    language, way, sink = MISSED_FLOWS[name]
    assert way in {one.name for one in language.WAYS}
    assert sink in {one.name for one in language.SINKS}


@pytest.mark.parametrize("test", SAID.values(), ids=SAID.keys())
def test_what_was_said_is_a_test(test: str) -> None:
    module, _, name = test.partition("::")
    assert re.search(rf"^def {name}\(", Path(__file__).with_name(f"{module}.py").read_text(), re.MULTILINE)
