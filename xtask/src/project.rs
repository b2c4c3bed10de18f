//! Where things are. Every path of a command is absolute and comes from here, so a command works from any folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde::Deserialize;

/// The work tree and its target folder.
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

impl Project {
    /// Finds the work tree this was built from, and asks cargo where it builds (`CARGO_TARGET_DIR` and configuration
    /// files have their say).
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?.to_owned();
        let out = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version=1"])
            .current_dir(&root)
            .output()
            .context("cargo metadata")?;
        let metadata: Metadata = serde_json::from_slice(&out.stdout).context("cargo metadata")?;
        Ok(Self { root, target: metadata.target_directory })
    }

    /// A path inside the work tree.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// The work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The target folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A program of this workspace, as the development profile builds it.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}

/// The cargo that runs this.
pub fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
