"""Reading source code into the model, without a compiler, headers or network."""
