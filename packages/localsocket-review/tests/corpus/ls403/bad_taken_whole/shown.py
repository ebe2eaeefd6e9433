from bad_widgets import door

print(door())
