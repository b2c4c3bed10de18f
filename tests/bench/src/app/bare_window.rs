//! The bare reference window, compiled from `bare-window.c` with the headers that building the app needs anyway.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

const SOURCE: &str = include_str!("bare-window.c");

/// Compiles it into `dir` and answers the program.
pub fn build(dir: &Path) -> Result<PathBuf> {
    let source = dir.join("bare-window.c");
    let program = dir.join("bare-window");
    fs::write(&source, SOURCE)?;
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "webkit2gtk-4.1"]).output();
    let flags = flags.context("pkg-config is missing")?;
    ensure!(flags.status.success(), "libwebkit2gtk-4.1-dev is missing");
    let flags = String::from_utf8(flags.stdout)?;
    let compiled = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(&source)
        .args(flags.split_whitespace())
        .status()
        .context("cc is missing")?;
    ensure!(compiled.success(), "the reference window does not compile");
    Ok(program)
}
