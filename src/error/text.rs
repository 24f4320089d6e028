//! Text of a server in one line, with nothing in it that is not seen.

/// One line, without control characters, with escapes for what is not seen, cut at a length.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    let mut line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.contains(is_invisible) {
        line = line.chars().fold(String::new(), |mut shown, c| {
            if is_invisible(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
            shown
        });
    }
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Whether a character has no width or changes the direction of those around it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}
