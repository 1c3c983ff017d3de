"""Testing a flow: scenes (what is said, what must happen), random walks with properties, coverage, a class for suites, a pytest plugin."""
