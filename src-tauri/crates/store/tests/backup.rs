//! Backups: made beside a writer, thinned out, put back; damage, and what a restored one may not do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "backup/damage.rs"]
mod damage;
#[path = "backup/filled.rs"]
mod filled;
#[path = "backup/made.rs"]
mod made;
#[path = "backup/put_back.rs"]
mod put_back;
#[path = "backup/rescued.rs"]
mod rescued;
#[path = "backup/sending.rs"]
mod sending;
