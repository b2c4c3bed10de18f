//! The file of secrets, where there is no keychain: one object, by the names of the entries.
//!
//! Promises: it is written whole or not at all, for the user alone, and is gone with its last entry. One that is damaged is
//! an error and is never overwritten. Nothing here locks: [`Secrets`](super::Secrets) has one writer.

use std::{collections::BTreeMap, path::Path};

use super::{AtRest, Result, keychain_error};
use crate::{errors::io_error, files::write_file};

pub(super) fn read_file(path: &Path) -> Result<BTreeMap<String, AtRest>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| keychain_error("secrets.json is not readable")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(e) => Err(keychain_error(&e.kind().to_string())),
    }
}

pub(super) fn write_all(path: &Path, all: &BTreeMap<String, AtRest>) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(all).map_err(|_| keychain_error("not serialisable"))?;
    write_file(path, &bytes).map_err(|e| io_error("secrets.json", &e))
}

pub(super) fn forget_in_file(path: &Path, name: &str) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let mut all = read_file(path)?;
    if all.remove(name).is_none() {
        return Ok(());
    }
    if all.is_empty() {
        return std::fs::remove_file(path).map_err(|e| io_error("secrets.json", &e));
    }
    write_all(path, &all)
}
