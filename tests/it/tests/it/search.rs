//! Searching what was read: the engine's answers beside a look at every text.

use std::{collections::BTreeSet, time::Duration};

use backscroll_model::*;
use backscroll_simulator::WorldKind;

use crate::world::World;

fn ask(text: &str) -> SearchQuery {
    SearchQuery { text: text.into(), ..SearchQuery::default() }
}

async fn hits(world: &World, query: &SearchQuery) -> Vec<SearchHit> {
    let (mut hits, mut after) = (Vec::new(), None);
    loop {
        let page = world.inbox().search(query.clone(), after, 7).await.unwrap();
        let known: BTreeSet<ConversationId> = page.conversations.iter().map(|one| one.id).collect();
        assert!(page.hits.iter().all(|hit| known.contains(&hit.conversation)));
        hits.extend(page.hits);
        match page.next {
            Some(next) => after = Some(next),
            None => return hits,
        }
    }
}

async fn inner(world: &World, query: &SearchQuery) -> Vec<SearchHit> {
    let (mut hits, mut after) = (Vec::new(), None);
    loop {
        let found = world.inbox().search_inside(query.clone(), after, 3).await.unwrap();
        hits.extend(found.hits);
        match found.next {
            Some(next) => after = Some(next),
            None => return hits,
        }
    }
}

/// Every message of the world with its text.
async fn texts(world: &World) -> Vec<(MessageId, ConversationId, String)> {
    let mut all = Vec::new();
    for conversation in world.conversations().await {
        let messages = world.thread(conversation.id).await;
        all.extend(messages.into_iter().filter_map(|m| m.text.map(|text| (m.id, conversation.id, text))));
    }
    all
}

/// The words of a text as a person sees them: letters and digits between anything else.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[tokio::test]
async fn in_all_scripts_of_the_demo_the_hits_are_those_of_a_look_at_every_text() {
    let world = World::new(WorldKind::Demo).await;
    world.connect_with_x(XHistory::All).await;
    world.sync().await;
    let texts = texts(&world).await;
    assert!(texts.len() > 100, "{}", texts.len());

    // Words without accents, each in a few texts and not the beginning of others: here the eye knows the rule.
    let mut asked = 0;
    let simple = |word: &String| {
        word.chars().count() > 3
            && word.chars().all(|c| c.is_ascii_alphabetic() || ('а'..='я').contains(&c) && c != 'й')
    };
    let all: BTreeSet<String> = texts.iter().flat_map(|(_, _, text)| words(text)).filter(simple).collect();
    for word in all.iter().step_by(9) {
        let expected: BTreeSet<MessageId> = texts
            .iter()
            .filter(|(_, _, text)| words(text).iter().any(|one| one.starts_with(word)))
            .map(|(id, ..)| *id)
            .collect();
        let found = hits(&world, &ask(word)).await;
        assert!(found.is_sorted_by_key(|hit| std::cmp::Reverse(hit.message)), "{word}");
        let found: BTreeSet<MessageId> = found.into_iter().map(|hit| hit.message).collect();
        assert!(expected.is_subset(&found), "{word}");
        // What the eye's rule leaves out is an accent that the folding takes away.
        for extra in found.difference(&expected) {
            let text = &texts.iter().find(|(id, ..)| id == extra).unwrap().2;
            assert!(!text.is_ascii(), "{word}: {text}");
        }
        asked += 1;
    }
    // Two characters that stand next to each other, in the scripts without spaces.
    let unspaced = |c: &char| ('\u{3041}'..='\u{30FF}').contains(c) || ('\u{4E00}'..='\u{9FFF}').contains(c);
    for (_, _, text) in texts.iter().filter(|(_, _, text)| text.chars().any(|c| unspaced(&c))) {
        let chars: Vec<char> = text.chars().collect();
        for pair in chars.windows(2).filter(|pair| pair.iter().all(unspaced)).step_by(7) {
            let pair: String = pair.iter().collect();
            let expected: BTreeSet<MessageId> =
                texts.iter().filter(|(_, _, text)| text.contains(&pair)).map(|(id, ..)| *id).collect();
            let found: BTreeSet<MessageId> =
                hits(&world, &ask(&pair)).await.into_iter().map(|hit| hit.message).collect();
            assert_eq!(found, expected, "{pair}");
            asked += 1;
        }
    }
    // A whole text, as it was pasted, finds its message.
    for (id, conversation, text) in
        texts.iter().step_by(11).filter(|(_, _, text)| !text.contains('"') && !words(text).is_empty())
    {
        let query = SearchQuery { conversation: Some(*conversation), ..ask(&format!("\"{text}\"")) };
        assert!(hits(&world, &query).await.iter().any(|hit| hit.message == *id), "{text}");
        asked += 1;
    }
    assert!(asked > 60, "{asked}");
}

#[tokio::test]
async fn what_comes_is_found_at_once_and_the_inside_of_its_words_by_the_second_phase() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let chat = world.chat(crate::world::Sim::Instagram);
    world.sim.inbound(&chat, "An undeliverable parcel").unwrap();
    // The provider's answers are a minute old at most.
    world.sim.advance(Duration::from_secs(90)).await;
    world.sync().await;
    let found = hits(&world, &ask("undeliv")).await;
    assert_eq!(found.len(), 1);
    let snippet = found[0].snippet.clone().unwrap();
    assert_eq!((snippet.text.as_str(), snippet.marks), ("An undeliverable parcel", vec![(3, 10)]));
    assert!(hits(&world, &ask("deliver")).await.is_empty());
    let inside = inner(&world, &ask("deliver")).await;
    assert_eq!(inside.iter().map(|hit| hit.message).collect::<Vec<_>>(), [found[0].message]);
    assert_eq!(inside[0].snippet.clone().unwrap().marks, [(5, 12)]);
    // Nothing of the first phase comes again.
    assert!(inner(&world, &ask("undeliv")).await.is_empty());
}

#[tokio::test]
async fn a_new_search_ends_the_one_before_it_and_stopping_ends_both_phases() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let inbox = world.inbox();
    // They run at once; each answers, none waits for another.
    let (first, second) = tokio::join!(inbox.search(ask("a"), None, 20), inbox.search(ask("th"), None, 20));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.next.is_some() || first.hits.len() < 20);
    assert!(second.hits.len() <= 20);
    inbox.stop_search();
    // A search that is asked after a stop is a new one.
    assert!(!inbox.search(ask("t"), None, 200).await.unwrap().hits.is_empty());
    // A future that is dropped holds nothing: the next one runs.
    drop(inbox.search_inside(ask("thing"), None, 20));
    inbox.search_inside(ask("thing"), None, 20).await.unwrap();
}

#[tokio::test]
async fn no_text_is_refused_and_a_foreign_place_is() {
    let world = World::small().await;
    world.connect_and_sync().await;
    for text in ["", "\"", "a\0b", "AND OR NOT", "from:", "before:never", &"x ".repeat(5_000)] {
        world.inbox().search(ask(text), None, 20).await.unwrap();
        world.inbox().search_inside(ask(text), None, 20).await.unwrap();
    }
    let bad = world.inbox().search(ask("a"), Some(Place("elsewhere".into())), 20).await.unwrap_err();
    assert_eq!(bad.code, ErrorCode::BadInput);
}

#[tokio::test]
async fn days_are_those_of_the_users_calendar() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let all: Vec<i64> = hits(&world, &ask("after:1990")).await.iter().map(|hit| hit.at.0).collect();
    assert!(!all.is_empty());
    assert!(hits(&world, &ask("before:1990")).await.is_empty());
    let sum = |found: Vec<SearchHit>| found.len();
    for month in 1..=12 {
        let (before, after) = (format!("before:2026-{month}"), format!("after:2026-{month}"));
        assert_eq!(sum(hits(&world, &ask(&before)).await) + sum(hits(&world, &ask(&after)).await), all.len());
    }
}
