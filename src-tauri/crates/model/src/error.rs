//! Errors as a person meets them: a code exists only if it changes what the user reads or can do.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::Timestamp;

/// The one error type of IPC and of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, thiserror::Error)]
#[error("{code:?}: {detail}")]
pub struct UserError {
    /// Chooses the sentence and the button.
    pub code: ErrorCode,
    /// When trying again makes sense.
    pub retry_at: Option<Timestamp>,
    /// For *Details*: never a secret, never a message text.
    pub detail: String,
}

/// What went wrong, in the user's terms. The sentence of each stands in `ui/messages/en.json` as `error_<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No network, or the provider cannot be reached.
    Offline,
    /// The provider fails (5xx) or answers nonsense.
    ProviderDown,
    /// The provider asked to slow down.
    RateLimited,
    /// The API key was refused.
    KeyRefused,
    /// That is a Profile Key in the place of the API key.
    ProfileKeyAsApiKey,
    /// The Profile Key was refused.
    ProfileKeyRefused,
    /// The Profile Key belongs to another profile of the list.
    OtherProfilesKey,
    /// The profile is suspended.
    Suspended,
    /// Payment or plan.
    PlanRequired,
    /// Messaging is not enabled.
    MessagingOff,
    /// Link the platform again.
    LinkAgain,
    /// Nothing is linked that Backscroll could read.
    NotLinked,
    /// The X keys are missing, or only one of the two was given.
    XKeysMissing,
    /// The Page token has expired.
    TokenExpired,
    /// The Page token is not valid, or was revoked.
    TokenRevoked,
    /// The person behind the token changed the password.
    PasswordChanged,
    /// The person behind the token must log in on facebook.com first.
    Checkpoint,
    /// The person behind the token lost the role on the Page.
    RoleLost,
    /// The app's secret is needed, or wrong.
    AppSecretNeeded,
    /// A permission is missing.
    PermissionMissing,
    /// Instagram: "Allow access to messages" is off.
    MessageAccessOff,
    /// The platform has blocked or restricted the account.
    Restricted,
    /// The token is a person's: choose one of its Pages.
    ChoosePage,
    /// Another app has the thread (handover).
    OtherAppsThread,
    /// The person cannot be written to: blocked the business, or is gone.
    PersonUnreachable,
    /// This provider cannot do that.
    Unsupported,
    /// A profile of that title exists.
    TitleTaken,
    /// The provider sends its webhooks to somebody else's address, which is not overwritten.
    WebhookTaken,
    /// The address is not https, nor http on loopback.
    BadApiBase,
    /// The input does not have the form it must have.
    BadInput,
    /// No messages of a platform that is known here were found in it.
    NotADownload,
    /// The download is HTML: ask for JSON.
    HtmlDownload,
    /// The zip is damaged or cut off: download it again.
    DamagedDownload,
    /// The download is of another platform than the account.
    OtherPlatform,
    /// The download does not say whose it is: choose.
    OwnerUnknown,
    /// There is no such thing, or no longer.
    NotFound,
    /// The text is empty or does not fit.
    BadText,
    /// A file is not ready, one too many, or of a kind that cannot be sent here.
    BadFile,
    /// The reply window is closed.
    WindowClosed,
    /// This account has no connection: history only.
    Disconnected,
    /// That decision does not fit the state of the message any more.
    TooLate,
    /// The keychain refused or is locked.
    Keychain,
    /// The data folder cannot be written.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// The data folder is of a newer version of Backscroll.
    NewerData,
    /// The folder to write into is not there: a drive that is not plugged in, or it was moved.
    FolderGone,
    /// The file is no backup of Backscroll, or a damaged one.
    NotABackup,
    /// Another Backscroll has the data folder.
    InUse,
    /// The database is damaged.
    Damaged,
    /// The user ended it.
    Cancelled,
    /// A mistake of ours.
    Internal,
}
