//! What a person is told: errors of the parts below become [`UserError`]s and [`Health`].
//!
//! Promises: each kind of failure is named in exactly one place here; a detail holds no secret and no text of a message.

use std::io;

use backscroll_adapters::{AdapterError, Kind};
use backscroll_model::{ErrorCode, Health, Timestamp, UserError};
use backscroll_store::StoreError;

pub(crate) fn user_error(code: ErrorCode, detail: impl Into<String>) -> UserError {
    UserError { code, retry_at: None, detail: detail.into() }
}

/// An error of the file system, told by what the user can do about it.
pub(crate) fn io_error(what: &str, error: &io::Error) -> UserError {
    let code = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorCode::ReadOnly,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        _ => ErrorCode::Internal,
    };
    // The kind, not the error: its text may hold a path of the user.
    user_error(code, format!("{what}: {}", error.kind()))
}

/// An error of the history.
pub(crate) fn store_error(error: &StoreError) -> UserError {
    let code = match error {
        StoreError::Io(io) => return io_error("the history", io),
        StoreError::Busy | StoreError::InUse => ErrorCode::InUse,
        StoreError::Corrupt(_) => ErrorCode::Damaged,
        StoreError::NewerSchema { .. } => ErrorCode::NewerData,
        StoreError::Full => ErrorCode::DiskFull,
        StoreError::ReadOnly => ErrorCode::ReadOnly,
        StoreError::NotFound(_) => ErrorCode::NotFound,
        StoreError::BadPlace => ErrorCode::BadInput,
        StoreError::Transition { .. } => ErrorCode::TooLate,
        StoreError::Value { .. } | StoreError::Closed | StoreError::Panicked | StoreError::Sql(_) => {
            ErrorCode::Internal
        }
    };
    user_error(code, error.to_string())
}

/// An error of a provider, for the answer to something the user did.
pub(crate) fn adapter_error(error: &AdapterError, now: Timestamp) -> UserError {
    let code = match &error.kind {
        Kind::Connect | Kind::Network => ErrorCode::Offline,
        Kind::RateLimited { .. } => ErrorCode::RateLimited,
        Kind::KeyRefused => ErrorCode::KeyRefused,
        Kind::ProfileKeyAsApiKey => ErrorCode::ProfileKeyAsApiKey,
        Kind::ProfileKeyRefused => ErrorCode::ProfileKeyRefused,
        Kind::Suspended => ErrorCode::Suspended,
        Kind::PlanRequired => ErrorCode::PlanRequired,
        Kind::MessagingOff => ErrorCode::MessagingOff,
        Kind::LinkAgain => ErrorCode::LinkAgain,
        Kind::Permission { .. } => ErrorCode::PermissionMissing,
        Kind::TokenExpired => ErrorCode::TokenExpired,
        Kind::TokenRevoked => ErrorCode::TokenRevoked,
        Kind::PasswordChanged => ErrorCode::PasswordChanged,
        Kind::Checkpoint => ErrorCode::Checkpoint,
        Kind::RoleLost => ErrorCode::RoleLost,
        Kind::AppSecret => ErrorCode::AppSecretNeeded,
        Kind::MessageAccessOff => ErrorCode::MessageAccessOff,
        Kind::Restricted => ErrorCode::Restricted,
        Kind::NotOwner => ErrorCode::OtherAppsThread,
        Kind::Unsupported => ErrorCode::Unsupported,
        Kind::NotLinked => ErrorCode::NotLinked,
        Kind::XKeysMissing => ErrorCode::XKeysMissing,
        Kind::WindowClosed => ErrorCode::WindowClosed,
        Kind::TitleTaken => ErrorCode::TitleTaken,
        Kind::NotFound => ErrorCode::NotFound,
        Kind::Recipient => ErrorCode::PersonUnreachable,
        Kind::Rejected | Kind::UploadGone | Kind::OneByOne => ErrorCode::BadInput,
        Kind::Server | Kind::Decode | Kind::TooLarge => ErrorCode::ProviderDown,
    };
    let retry_at = match &error.kind {
        Kind::RateLimited { wait } => {
            Some(now.plus(wait.map_or(300_000, |w| i64::try_from(w.as_millis()).unwrap_or(300_000))))
        }
        _ => None,
    };
    UserError { code, retry_at, detail: error.to_string() }
}

/// How an account is after a read failed. `since`: when the failing began; `next_try`: when it is tried again.
pub(crate) fn health_after(error: &AdapterError, since: Timestamp, next_try: Timestamp) -> Health {
    match &error.kind {
        Kind::Connect | Kind::Network => Health::Offline { since, next_try },
        Kind::RateLimited { .. } => Health::RateLimited { until: next_try },
        Kind::KeyRefused | Kind::ProfileKeyAsApiKey => Health::KeyRefused,
        Kind::ProfileKeyRefused => Health::ProfileKeyRefused,
        Kind::Suspended => Health::Suspended,
        Kind::PlanRequired => Health::PlanRequired,
        Kind::MessagingOff => Health::MessagingOff,
        Kind::LinkAgain => Health::LinkAgain,
        Kind::Permission { name } => Health::PermissionMissing { permission: name.clone() },
        Kind::TokenExpired => Health::TokenExpired,
        Kind::TokenRevoked => Health::TokenRevoked,
        Kind::PasswordChanged => Health::PasswordChanged,
        Kind::Checkpoint => Health::Checkpoint,
        Kind::RoleLost => Health::RoleLost,
        Kind::AppSecret => Health::AppSecretNeeded,
        Kind::MessageAccessOff => Health::MessageAccessOff,
        Kind::Restricted => Health::Restricted { detail: error.to_string() },
        Kind::NotLinked => Health::NotLinked,
        Kind::XKeysMissing => Health::XKeysMissing,
        Kind::WindowClosed
        | Kind::Recipient
        | Kind::TitleTaken
        | Kind::NotFound
        | Kind::Rejected
        | Kind::UploadGone
        | Kind::OneByOne
        | Kind::NotOwner
        | Kind::Unsupported
        | Kind::Server
        | Kind::Decode
        | Kind::TooLarge => Health::ProviderDown { since, next_try, detail: error.to_string() },
    }
}
