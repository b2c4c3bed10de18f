//! File names of strangers, for showing and for proposing when saving. Our own files have generated names.

use backscroll_model::text::clean_line;

const NAME_CHARS: usize = 100;

/// The last part of `raw` as a name that every file system takes; `None` when nothing is left of it.
///
/// ```
/// use backscroll_media::clean_file_name;
/// assert_eq!(clean_file_name("../../etc/pass\u{202e}wd").as_deref(), Some("passwd"));
/// assert_eq!(clean_file_name("CON.txt").as_deref(), Some("_CON.txt"));
/// assert_eq!(clean_file_name(".."), None);
/// ```
pub fn clean_file_name(raw: &str) -> Option<String> {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let line = clean_line(last, NAME_CHARS)?;
    let name: String = line.chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    // Windows drops dots and spaces at the end; a dot in front hides a file.
    let name = name.trim_matches(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default();
    match name {
        "" => None,
        _ if is_device(stem) => Some(format!("_{name}")),
        _ => Some(name.to_owned()),
    }
}

/// Names that Windows keeps for devices, with any extension.
fn is_device(stem: &str) -> bool {
    let stem = stem.trim_end().to_ascii_uppercase();
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port).is_some_and(|n| n.len() == 1 && n.chars().all(|c| c.is_ascii_digit() && c != '0'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder_or_means_a_device() {
        for (raw, clean) in [
            ("cake.jpg", Some("cake.jpg")),
            ("C:\\Users\\x\\a b.png", Some("a b.png")),
            ("a:b?.png", Some("a_b_.png")),
            (".hidden", Some("hidden")),
            ("name. . .", Some("name")),
            ("lpt1", Some("_lpt1")),
            ("COM10", Some("COM10")),
            ("写真\u{0000}.png", Some("写真.png")),
            ("", None),
            ("dir/", None),
            ("\u{200b}", None),
        ] {
            assert_eq!(clean_file_name(raw).as_deref(), clean, "{raw:?}");
        }
    }
}
