//! Files ⇄ pages: what the platforms let people download becomes pages of the model's events, and the history becomes
//! files that others can read.
//!
//! Promises: a download is read as a stream, so that one of 5 GB takes no more memory than one of 5 MB; nothing in it can
//! make the reader open another file, fill the memory or end the program; what is left out is counted and named
//! ([`backscroll_model::ImportSkip`]). An export is written beside its name and renamed when it is whole.
//!
//! Refuses: HTTP, SQL, clocks, and deciding which conversation a thread is.
//!
//! ```no_run
//! # fn main() -> Result<(), backscroll_archive::ArchiveError> {
//! use std::ops::ControlFlow;
//!
//! let mut download = backscroll_archive::Download::open(&["instagram-corner.bakery.zip".into()], None)?;
//! let owner = download.owner(None, &[])?;
//! let report = download.read(&owner, None, &mut |batch| {
//!     println!("{} of {} bytes", batch.bytes, batch.total);
//!     ControlFlow::Continue(())
//! })?;
//! println!("{} messages", report.messages);
//! # Ok(()) }
//! ```

mod batch;
mod download;
mod error;
mod export;
mod json;
mod meta;
mod repair;
mod source;
mod stream;
mod x;

pub use batch::{BATCH_MESSAGES, Batch, FileRef, Place};
pub use download::{Download, Files, Owner, ReadReport};
pub use error::{ArchiveError, Result};
pub use export::{Exporter, MANIFEST};
