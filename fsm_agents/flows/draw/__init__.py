"""Drawing a flow: Mermaid, DOT, SVG, PNG, Markdown, the script for a writer, and a page in which a call can be played. Runs nothing."""
