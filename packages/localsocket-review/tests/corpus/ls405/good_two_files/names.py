CONTROL = "run/editor.control"
