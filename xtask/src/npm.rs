//! The packages of the UI and of its tests: exactly those of the lock file, without install scripts.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::step::Step;

/// Written after an install; holds the lock file that was installed.
const STAMP: &str = "node_modules/.installed-lock";

/// Installs the packages of `folder`, unless what its lock file says is installed already.
pub fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let name = folder.file_name().unwrap_or_default().display();
    npm(&format!("npm packages of {name}"), folder, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).run()?;
    fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())
}

/// A step that runs a script of `folder`'s package.json.
pub fn script(folder: &Path, name: &str) -> Step {
    npm(&format!("npm run {name}"), folder, &["run", name])
}

fn npm(title: &str, folder: &Path, arguments: &[&str]) -> Step {
    // On Windows npm is a batch file, which is found by its full name only.
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    Step::new(title, program, folder).args(arguments)
}
