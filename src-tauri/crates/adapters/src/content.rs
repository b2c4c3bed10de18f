//! What one message can hold, before anything leaves.
//!
//! Promises: a message that a platform would cut down in silence (text beside a file on Instagram, 6.2 of
//! `reference/meta-graph.md`) is refused whole. The engine splits what the user wrote by the same
//! [`AttachRules`]; this is the last look at it.

use backscroll_model::{AttachRules, OutgoingKind, Platform, Provider, TextBesideFiles};

use crate::error::local;
use crate::{AdapterError, Content, Kind, media_fetch};

/// Whether `provider` takes `content` as one message on `platform`. How long a text may be is not asked here.
pub(crate) fn fits(provider: Provider, platform: Platform, content: &Content) -> Result<(), AdapterError> {
    let refuse = |said: &str| Err(local(Kind::Rejected, said));
    let Content::Files { refs, kind, text } = content else {
        return if matches!(content, Content::Text(text) if text.is_empty()) {
            refuse("there is no text")
        } else {
            Ok(())
        };
    };
    let rules = AttachRules::of(provider, platform);
    takes(provider, platform, *kind)?;
    if refs.is_empty() || refs.iter().any(|file| file.0.is_empty()) {
        return refuse("a file has no reference");
    }
    if refs.len() > usize::from(rules.per_message(*kind)) {
        return refuse("more files than one message holds here");
    }
    match (rules.text, text.as_deref().is_some_and(|text| !text.is_empty())) {
        (TextBesideFiles::OwnMessage, true) => refuse("text beside a file would be lost here"),
        (TextBesideFiles::Required, false) => refuse("a file needs at least one character of text here"),
        (TextBesideFiles::OwnMessage, false) | (TextBesideFiles::Required, true) => Ok(()),
    }
}

/// Whether files of a kind can be sent there at all.
pub(crate) fn takes(provider: Provider, platform: Platform, kind: OutgoingKind) -> Result<(), AdapterError> {
    if AttachRules::of(provider, platform).per_message(kind) == 0 {
        return Err(local(Kind::Unsupported, "files of this kind cannot be sent here"));
    }
    Ok(())
}

/// Whether the file at an address has a name of plain letters: Meta refuses others (`reference/ayrshare.md` 3.3).
pub(crate) fn has_plain_name(address: &str) -> bool {
    media_fetch::name_in(address).is_some_and(|name| name.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UploadRef;

    fn files(count: usize, kind: OutgoingKind, text: Option<&str>) -> Content {
        let refs = (1..=count).map(|n| UploadRef(n.to_string())).collect();
        Content::Files { refs, kind, text: text.map(str::to_owned) }
    }

    #[test]
    fn each_platform_gets_what_one_message_of_it_holds_and_nothing_more() {
        use OutgoingKind::{Audio, File, Image, Video};
        use Platform::{Instagram, Messenger, X};
        use Provider::{Ayrshare, Meta};
        for (provider, platform, content, expected) in [
            (Meta, Messenger, files(1, Image, None), None),
            (Meta, Messenger, files(2, Image, None), Some(Kind::Rejected)),
            (Meta, Messenger, files(1, File, Some("x")), Some(Kind::Rejected)),
            (Meta, Instagram, files(10, Image, None), None),
            (Meta, Instagram, files(11, Image, None), Some(Kind::Rejected)),
            (Meta, Instagram, files(2, Video, None), Some(Kind::Rejected)),
            (Meta, Instagram, files(1, Image, Some("x")), Some(Kind::Rejected)),
            (Meta, Instagram, files(1, Image, Some("")), None),
            (Meta, X, files(1, Image, Some("x")), Some(Kind::Unsupported)),
            (Ayrshare, Messenger, files(1, Audio, None), None),
            (Ayrshare, Instagram, files(2, Image, None), Some(Kind::Rejected)),
            (Ayrshare, Instagram, files(1, Image, Some("x")), Some(Kind::Rejected)),
            (Ayrshare, X, files(1, Image, Some("x")), None),
            (Ayrshare, X, files(1, Video, None), Some(Kind::Rejected)),
            (Ayrshare, X, files(1, Video, Some("")), Some(Kind::Rejected)),
            (Ayrshare, X, files(2, Image, Some("x")), Some(Kind::Rejected)),
            (Ayrshare, X, files(1, Audio, Some("x")), Some(Kind::Unsupported)),
            (Ayrshare, X, files(1, File, Some("x")), Some(Kind::Unsupported)),
            (Meta, Messenger, files(0, Image, None), Some(Kind::Rejected)),
            (Meta, Messenger, Content::Text(String::new()), Some(Kind::Rejected)),
            (Ayrshare, X, Content::Text("x".to_owned()), None),
        ] {
            let found = fits(provider, platform, &content).err().map(|error| error.kind);
            assert_eq!(found, expected, "{provider:?} {platform:?} {content:?}");
        }
        let nameless = Content::Files { refs: vec![UploadRef(String::new())], kind: Image, text: None };
        assert_eq!(fits(Meta, Messenger, &nameless).err().map(|error| error.kind), Some(Kind::Rejected));
    }
}
