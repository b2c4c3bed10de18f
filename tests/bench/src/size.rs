//! How much is shipped: the release binary, and the JavaScript that stands between a start and the first screen.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};

use crate::report::Report;

const BINARY_MB: f64 = 25.0;
const SCRIPT_KB: f64 = 90.0;

/// Reads what the last builds left; says what is not there.
pub fn measure(report: &mut Report, root: &Path, release: &Path) -> Result<()> {
    let binary = release.join(if cfg!(windows) { "backscroll-desktop.exe" } else { "backscroll-desktop" });
    match fs::metadata(&binary) {
        Ok(found) => report.limited("size.binary", "MB", found.len() as f64 / 1e6, BINARY_MB),
        Err(_) => eprintln!("  not measured: size.binary ({} is not built)", binary.display()),
    }
    let dist = root.join("ui/dist");
    match fs::read_to_string(dist.join("index.html")) {
        Ok(page) => {
            let mut bytes = 0;
            for script in first_scripts(&page) {
                let file = dist.join(script.trim_start_matches(['.', '/']));
                bytes += gzipped(&fs::read(&file).with_context(|| file.display().to_string())?)?;
            }
            report.limited("size.first-screen-js", "kB gzip", bytes as f64 / 1e3, SCRIPT_KB);
        }
        Err(_) => eprintln!("  not measured: size.first-screen-js (ui/dist is not built)"),
    }
    Ok(())
}

/// The scripts that the page loads at once: its own and those that it preloads. Lazy ones are not named in it.
fn first_scripts(page: &str) -> Vec<&str> {
    page.split('<')
        .filter(|tag| tag.starts_with("script") || (tag.starts_with("link") && tag.contains("modulepreload")))
        .filter_map(|tag| {
            let at = tag.find(" src=\"").map(|at| at + 6).or_else(|| tag.find(" href=\"").map(|at| at + 7))?;
            tag.get(at..)?.split('"').next()
        })
        .collect()
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes)?;
    Ok(out.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_scripts_are_the_ones_that_the_page_names() {
        let page = r#"<html><link rel="stylesheet" href="/a.css"><script type="module" crossorigin src="/assets/i.js"></script>
            <link rel="modulepreload" crossorigin href="/assets/v.js"><script>inline()</script>"#;
        assert_eq!(first_scripts(page), ["/assets/i.js", "/assets/v.js"]);
    }
}
