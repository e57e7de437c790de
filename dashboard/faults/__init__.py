"""«报修»: reported by one tap from any face, listed for whoever mends it."""
