NAMES=()
def measure(*a): pass
