//! Files on their way out: what was attached to a draft, what became of it, and how a press of Send becomes messages.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AttachRules, ConversationId, MessageKind, OutgoingFileId, RemoteId, TextBesideFiles, Timestamp};

/// What a file to send is, as the platforms tell files apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// A picture, moving ones included.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// Anything else.
    File,
}

impl OutgoingKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::File];

    /// What the message that carries it is.
    pub fn message_kind(self) -> MessageKind {
        match self {
            Self::Image => MessageKind::Image,
            Self::Video => MessageKind::Video,
            Self::Audio => MessageKind::Audio,
            Self::File => MessageKind::File,
        }
    }
}

/// A file of a draft. The page knows it by its id only; no path ever leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OutgoingFile {
    /// Our row.
    pub id: OutgoingFileId,
    /// Whose draft it is in.
    pub conversation: ConversationId,
    /// Its name, cleaned.
    pub name: String,
    /// Where it stands.
    pub state: FileState,
    /// What it is, once that is known.
    pub kind: Option<OutgoingKind>,
    /// Its type as it will be sent, told by its bytes.
    pub mime: Option<String>,
    /// Bytes as they will be sent.
    pub bytes: Option<u32>,
    /// Pixels as they will be sent.
    pub width: Option<u32>,
    /// See `width`.
    pub height: Option<u32>,
    /// How long it plays, in milliseconds, where that is known.
    pub duration_ms: Option<u32>,
    /// The path of a small picture behind `media://localhost/`.
    pub thumbnail: Option<String>,
    /// A blurred placeholder: a ThumbHash in base64.
    pub blur: Option<String>,
    /// Of a picture: the path behind `media://localhost/` of what its message will show.
    pub picture: Option<String>,
    /// What was changed so that it may be sent.
    pub changes: Vec<FileChange>,
}

/// Where a file of a draft stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileState {
    /// Being looked at and made ready.
    Preparing,
    /// As the customer will get it.
    Ready,
    /// It cannot be sent.
    Refused {
        /// Why.
        reason: FileRefusal,
    },
}

/// What was changed in a file so that it may be sent. Each is a few words of the UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileChange {
    /// Turned upright.
    Turned,
    /// Place, camera and the like were taken out.
    MetadataRemoved,
    /// Colours that not every screen shows were converted.
    ColoursConverted,
    /// It moved and no longer does.
    Stilled,
    /// Encoded anew to fit its bytes.
    Recompressed,
    /// Made smaller.
    Shrunk {
        /// Pixels across before.
        from_width: u32,
        /// Pixels down before.
        from_height: u32,
    },
    /// Another type.
    Converted {
        /// The type before (`image/webp`).
        from: String,
    },
}

/// Why a file cannot be sent. Each is one sentence of the UI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileRefusal {
    /// It is not there, or may not be read.
    Unreadable,
    /// It has no bytes.
    Empty,
    /// Damaged, cut off, or not what it says it is.
    Damaged,
    /// The platform does not take this type.
    WrongType {
        /// What it is, told by its bytes; `None`: nothing that we know.
        mime: Option<String>,
    },
    /// A picture of a type that this computer cannot convert: *Save it as JPEG first.*
    SaveAsJpeg,
    /// More bytes than the platform takes.
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The most that the platform takes.
        limit: u64,
    },
    /// More pixels than we decode.
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// An animation with more frames than the platform takes.
    TooManyFrames {
        /// Its frames.
        frames: u32,
        /// The most that the platform takes.
        limit: u32,
    },
    /// Shorter or longer than the platform takes.
    Length {
        /// How long it plays, in milliseconds.
        ms: u64,
        /// The shortest.
        shortest_ms: u64,
        /// The longest.
        longest_ms: u64,
    },
    /// Looking at it took too long.
    TookTooLong,
    /// The program ended, or the disk failed, while it was being made ready.
    Interrupted,
    /// No room is left on the disk for the copy that is sent.
    DiskFull,
    /// Attached by its address: only public ones over https are fetched.
    NotPublic,
    /// Attached by its address: there is no file.
    AddressGone,
    /// Attached by its address: it did not answer.
    AddressSilent,
    /// Attached by its address: larger than any platform takes.
    LargerThan {
        /// The limit, in bytes.
        limit: u64,
    },
}

/// What the user sends in one go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct SendRequest {
    /// The text, byte for byte; empty: none.
    pub text: String,
    /// Files of the conversation's draft, in order.
    pub files: Vec<OutgoingFileId>,
    /// The message that it quotes.
    pub reply_to: Option<RemoteId>,
    /// Not before this; `None`: now.
    pub send_at: Option<Timestamp>,
}

/// One message of a press of Send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPart {
    /// Which of the files.
    pub files: Range<usize>,
    /// Whether the text is in it.
    pub text: bool,
}

/// Why a press of Send cannot become messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Neither text nor files.
    #[error("there is nothing to send")]
    Empty,
    /// More files than one press of Send may hold.
    #[error("at most {at_once} files at once")]
    TooMany {
        /// The most.
        at_once: u8,
    },
    /// The platform takes none of this kind.
    #[error("files of this kind cannot be sent here")]
    Kind(OutgoingKind),
    /// A file cannot go without text here.
    #[error("a file needs at least one character of text here")]
    TextNeeded,
}

/// How one press of Send becomes messages, in the order of sending: neighbours of a kind share a message as far as the
/// platform goes, and text that would be dropped beside files stands in a message of its own after them.
///
/// # Errors
///
/// What cannot be sent whole is not sent at all.
pub fn split(rules: AttachRules, files: &[OutgoingKind], has_text: bool) -> Result<Vec<SplitPart>, SplitError> {
    if files.is_empty() {
        return if has_text { Ok(vec![SplitPart { files: 0..0, text: true }]) } else { Err(SplitError::Empty) };
    }
    if files.len() > usize::from(rules.at_once) && rules.at_once > 0 {
        return Err(SplitError::TooMany { at_once: rules.at_once });
    }
    if let Some(kind) = files.iter().find(|kind| rules.per_message(**kind) == 0) {
        return Err(SplitError::Kind(*kind));
    }
    let mut parts: Vec<SplitPart> = Vec::new();
    let mut kinds = files.iter().copied().enumerate().peekable();
    while let Some((start, kind)) = kinds.next() {
        let mut end = start + 1;
        while end - start < usize::from(rules.per_message(kind)) && kinds.next_if(|(_, next)| *next == kind).is_some() {
            end += 1;
        }
        parts.push(SplitPart { files: start..end, text: false });
    }
    match rules.text {
        TextBesideFiles::Required if !has_text => return Err(SplitError::TextNeeded),
        TextBesideFiles::Required => {
            if let Some(first) = parts.first_mut() {
                first.text = true;
            }
        }
        TextBesideFiles::OwnMessage if has_text => {
            parts.push(SplitPart { files: files.len()..files.len(), text: true })
        }
        TextBesideFiles::OwnMessage => {}
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::{Platform, Provider};
    use OutgoingKind::{Audio, File, Image, Video};
    use Platform::{Instagram, Messenger, X};
    use Provider::{Ayrshare, Meta};

    /// `ii+t`: two pictures in one message, with text.
    fn told(provider: Provider, platform: Platform, files: &[OutgoingKind], text: bool) -> String {
        let letter = |kind: &OutgoingKind| match kind {
            Image => 'i',
            Video => 'v',
            Audio => 'a',
            File => 'f',
        };
        match split(AttachRules::of(provider, platform), files, text) {
            Err(error) => format!("{error:?}"),
            Ok(parts) => {
                let words = parts.iter().map(|part| {
                    let mut word: String =
                        files.get(part.files.clone()).unwrap_or_default().iter().map(letter).collect();
                    word.push_str(if part.text { "t" } else { "" });
                    word
                });
                words.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn a_press_of_send_becomes_the_messages_that_the_platform_takes_whole() {
        for (provider, platform, files, text, parts) in [
            (Meta, Messenger, &[][..], true, "t"),
            (Meta, Messenger, &[], false, "Empty"),
            (Meta, Messenger, &[Image], false, "i"),
            (Meta, Messenger, &[Image, Image], true, "i i t"),
            (Meta, Messenger, &[Video, File, Audio], true, "v f a t"),
            (Meta, Instagram, &[Image, Image, Image], true, "iii t"),
            (Meta, Instagram, &[Image, Video, Image, Image], false, "i v ii"),
            (Meta, Instagram, &[Video, Video], false, "v v"),
            (Meta, Instagram, &[Image; 10], false, "iiiiiiiiii"),
            (Meta, Instagram, &[Image; 11], false, "TooMany { at_once: 10 }"),
            (Meta, X, &[Image], false, "Kind(Image)"),
            (Ayrshare, Messenger, &[Image, Image], true, "i i t"),
            (Ayrshare, Instagram, &[Image, Audio], true, "i a t"),
            (Ayrshare, Instagram, &[], true, "t"),
            (Ayrshare, X, &[Image], true, "it"),
            (Ayrshare, X, &[Video], false, "TextNeeded"),
            (Ayrshare, X, &[Audio], true, "Kind(Audio)"),
            (Ayrshare, X, &[File], true, "Kind(File)"),
            (Ayrshare, X, &[Image, Image], true, "TooMany { at_once: 1 }"),
            (Ayrshare, X, &[], true, "t"),
        ] {
            assert_eq!(told(provider, platform, files, text), parts, "{provider:?} {platform:?} {files:?} {text}");
        }
    }

    #[test]
    fn every_file_is_in_exactly_one_part_and_in_order() {
        for provider in Provider::ALL {
            for platform in Platform::ALL {
                for pattern in 0..4_u32.pow(6) {
                    let files: Vec<OutgoingKind> =
                        (0..6).map(|n| OutgoingKind::ALL[(pattern / 4_u32.pow(n) % 4) as usize]).collect();
                    let rules = AttachRules::of(provider, platform);
                    let Ok(parts) = split(rules, &files, true) else { continue };
                    let all: Vec<usize> = parts.iter().flat_map(|part| part.files.clone()).collect();
                    assert_eq!(all, (0..files.len()).collect::<Vec<_>>());
                    assert_eq!(parts.iter().filter(|part| part.text).count(), 1);
                    for part in parts {
                        let of = &files[part.files];
                        assert!(of.windows(2).all(|two| two[0] == two[1]));
                        assert!(of.iter().all(|kind| of.len() <= usize::from(rules.per_message(*kind))));
                    }
                }
            }
        }
    }
}
