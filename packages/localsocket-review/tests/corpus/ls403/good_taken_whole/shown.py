from good_widgets import *

print(door())
