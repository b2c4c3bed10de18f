//! Tells Tauri which commands exist, so that each needs a permission, and makes sure that there is something to embed.
//!
//! The list of commands is read from the capability file: a command that is not granted there does not exist for the
//! page. A test compares it with the commands that are compiled in.

use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    placeholder_page(Path::new("../ui/dist"))?;
    let capability: serde_json::Value = serde_json::from_str(&fs::read_to_string("capabilities/main.json")?)?;
    let granted = capability.get("permissions").and_then(|p| p.as_array()).into_iter().flatten();
    let commands: Vec<&'static str> = granted
        .filter_map(|p| p.as_str()?.strip_prefix("allow-"))
        .map(|name| &*Box::leak(name.replace('-', "_").into_boxed_str()))
        .collect();
    let manifest = tauri_build::AppManifest::new().commands(commands.leak());
    Ok(tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?)
}

/// `generate_context!` refuses to compile without `ui/dist`, and a Rust test run should not need Node.
fn placeholder_page(dist: &Path) -> std::io::Result<()> {
    let page = dist.join("index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(dist)?;
    fs::write(page, "<!doctype html><title>Backscroll</title><p>The page is not built: run npm run build in ui.</p>\n")
}
