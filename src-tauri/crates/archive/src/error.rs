//! Why a download cannot be read, or an export not written, as a whole. What concerns one file or one message is no
//! error but an [`ImportSkip`](backscroll_model::ImportSkip).

use std::io;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no such file or folder.
    #[error("there is no such file or folder")]
    Missing,
    /// Neither a download of Meta nor one of X, or one without messages.
    #[error("no messages of Facebook, Instagram or X were found in it")]
    NotADownload,
    /// The messages are there, but as HTML.
    #[error("the messages are HTML; a download in JSON is needed")]
    Html,
    /// The zip is cut off, or is none.
    #[error("the zip file is damaged or cut off: {0}")]
    Damaged(&'static str),
    /// The zip pretends to hold more than it can.
    #[error("the zip file unpacks to more than it can hold")]
    Bomb,
    /// The download does not say whose it is.
    #[error("the download does not say whose it is")]
    OwnerUnknown {
        /// Who takes part in it, the most frequent first; at most 10.
        people: Vec<String>,
    },
    /// Several files that belong to different platforms.
    #[error("the files are of different platforms")]
    Mixed,
    /// Nothing is written here: the folder is gone, full, or not ours.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// What the functions of this crate answer.
pub type Result<T> = std::result::Result<T, ArchiveError>;
