"""Human preference: a page that asks raters, scores from their answers, and metrics compared with them."""
