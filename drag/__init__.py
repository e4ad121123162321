"""DRAG: a small model on your own device answers like a large one.

The three journeys are `drag.build`, `drag.ask` and the `drag eval …` commands. Everything is imported when it is
first used, so `import drag` is quick.
"""
