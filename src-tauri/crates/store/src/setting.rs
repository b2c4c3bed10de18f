//! Settings and other small values that must survive a restart, each one JSON text under its name.

use backscroll_model::Settings;
use rusqlite::{Connection, OptionalExtension};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, StoreError};

const SETTINGS: &str = "settings";

/// What the user chose. A value that cannot be read any more (an older or a damaged one) counts as not chosen.
pub fn settings(connection: &Connection) -> Result<Settings> {
    Ok(value(connection, SETTINGS)?.unwrap_or_default())
}

/// Remembers what the user chose.
pub fn set_settings(connection: &Connection, settings: &Settings) -> Result<()> {
    set_value(connection, SETTINGS, settings)
}

/// A value by name; `None`: never set, or not readable as `T`.
pub fn value<T: DeserializeOwned>(connection: &Connection, name: &str) -> Result<Option<T>> {
    let json: Option<String> = connection
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(json.and_then(|json| match serde_json::from_str(&json) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(name, %error, "a stored value cannot be read and counts as not set");
            None
        }
    }))
}

/// Remembers a value by name.
pub fn set_value<T: Serialize>(connection: &Connection, name: &str, value: &T) -> Result<()> {
    let json = serde_json::to_string(value)
        .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))?;
    connection
        .prepare_cached(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        )?
        .execute((name, json))?;
    Ok(())
}
