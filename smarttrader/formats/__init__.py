"""How Django writes dates where no template says how, by language."""
