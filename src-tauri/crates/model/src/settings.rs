//! Settings: one typed struct, stored as one JSON value, every field with a default so that an older file still reads.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What the user chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// Enter sends and Shift+Enter breaks the line; swapped when false.
    pub enter_sends: bool,
    /// What a notification shows.
    pub notification_privacy: NotificationPrivacy,
    /// Notifications at all.
    pub notifications: bool,
    /// A notification 4 hours and 1 hour before a reply window closes on somebody who waits for an answer.
    pub remind_before_close: bool,
    /// When a message counts as read.
    pub mark_read: MarkRead,
    /// *Done* also archives at the provider; archived conversations are polled like active ones while it is on.
    pub archive_at_provider: bool,
    /// What closing the window does.
    pub on_close: OnClose,
    /// Width of the conversation list, CSS pixels, 280 to 420.
    pub list_width: u16,
    /// The contact panel stands beside the thread where the window is wide enough.
    pub contact_panel: bool,
    /// How long a message waits before it leaves, so that it can be taken back.
    pub hold: HoldBeforeSending,
    /// Emoji that were used last, the last one first, at most [`RECENT_EMOJI`].
    pub recent_emoji: Vec<String>,
    /// Of the emoji that have one.
    pub skin_tone: SkinTone,
}

/// How many emoji are remembered: three rows of the picker.
pub const RECENT_EMOJI: usize = 24;

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            enter_sends: true,
            notification_privacy: NotificationPrivacy::NameAndText,
            notifications: true,
            remind_before_close: false,
            mark_read: MarkRead::OnScreen,
            archive_at_provider: false,
            on_close: OnClose::Ask,
            list_width: 320,
            contact_panel: true,
            hold: HoldBeforeSending::Off,
            recent_emoji: Vec::new(),
            skin_tone: SkinTone::Unset,
        }
    }
}

/// The skin tone of emoji of people, by Fitzpatrick's scale as Unicode has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SkinTone {
    /// Yellow.
    Unset,
    /// Types 1 and 2.
    Light,
    /// Type 3.
    MediumLight,
    /// Type 4.
    Medium,
    /// Type 5.
    MediumDark,
    /// Type 6.
    Dark,
}

/// *Hold before sending*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum HoldBeforeSending {
    /// It leaves at once.
    Off,
    /// 3 seconds.
    Short,
    /// 10 seconds.
    Long,
}

impl HoldBeforeSending {
    /// How long, in milliseconds; `None`: not at all.
    pub fn ms(self) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Short => Some(3 * crate::SECOND),
            Self::Long => Some(10 * crate::SECOND),
        }
    }
}

/// Light, dark, or as the desktop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop is.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What a notification shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum NotificationPrivacy {
    /// Who and what.
    NameAndText,
    /// Who.
    Name,
    /// That there is a message.
    Neither,
}

/// When a message counts as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MarkRead {
    /// When it is on screen and the window has focus.
    OnScreen,
    /// When I reply.
    OnReply,
}

/// What closing the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum OnClose {
    /// Ask.
    Ask,
    /// Keep running in the tray.
    Tray,
    /// Quit.
    Quit,
}
