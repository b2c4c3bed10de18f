//! How a listing is cut into what is written at once.

use backscroll_model::{ConversationEvents, Page, Skipped};

/// Cuts a listing into pages of about `max` messages. A conversation stays in one piece unless it alone is larger; then
/// only its last piece carries the listing, because only then all of it has been applied.
pub(in crate::ayrshare) fn pages(
    conversations: Vec<ConversationEvents>,
    skipped: Vec<Skipped>,
    max: usize,
) -> Vec<Page> {
    let max = max.max(1);
    let mut pages = Vec::new();
    let mut page = Page { skipped, ..Page::default() };
    let mut room = max;
    for mut conversation in conversations {
        if conversation.events.len() > room && !page.conversations.is_empty() {
            pages.push(std::mem::take(&mut page));
            room = max;
        }
        while conversation.events.len() > max {
            let rest = conversation.events.split_off(max);
            let remote_id = conversation.remote_id.clone();
            let first = std::mem::replace(&mut conversation.events, rest);
            page.conversations.push(ConversationEvents { remote_id, events: first, ..ConversationEvents::default() });
            pages.push(std::mem::take(&mut page));
            room = max;
        }
        room = room.saturating_sub(conversation.events.len());
        page.conversations.push(conversation);
    }
    if !page.conversations.is_empty() || !page.skipped.is_empty() {
        pages.push(page);
    }
    pages
}
