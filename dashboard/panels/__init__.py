"""The panels that wall and desk share: containers here, drawn by the modules in assets/modules."""
