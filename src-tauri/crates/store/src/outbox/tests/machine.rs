//! The picture at the head of the outbox, step by step.

use super::*;

#[test]
fn no_step_but_the_drawn_ones_exists() {
    const STEPS: [Step; 17] = [
        Step::Begin,
        Step::Upload,
        Step::Uploaded,
        Step::Accept,
        Step::QueueAgain,
        Step::Refuse,
        Step::LoseTrack,
        Step::FoundAtStart,
        Step::Echo,
        Step::Mistaken,
        Step::NotFound,
        Step::Retry,
        Step::SendAgain,
        Step::Arrived,
        Step::Discard,
        Step::Expire,
        Step::Doubt,
    ];
    let mut drawn = Vec::new();
    for from in SendState::ALL {
        for step in STEPS {
            if let Some(to) = next_state(from, step) {
                drawn.push(format!("{} -{}-> {}", from.as_str(), step.name(), to.as_str()));
            }
        }
    }
    assert_eq!(
        drawn,
        [
            "queued -begun-> sending",
            "queued -uploading-> uploading",
            "queued -echoed-> accepted",
            "queued -discarded-> failed",
            "queued -expired-> failed",
            "queued -doubted-> needs_review",
            "uploading -uploaded-> queued",
            "uploading -queued again-> queued",
            "uploading -refused-> failed",
            "uploading -found at start-> queued",
            "uploading -echoed-> accepted",
            "uploading -discarded-> failed",
            "uploading -doubted-> needs_review",
            "sending -accepted-> accepted",
            "sending -queued again-> queued",
            "sending -refused-> failed",
            "sending -lost track of-> unknown",
            "sending -found at start-> unknown",
            "sending -echoed-> accepted",
            "sending -doubted-> needs_review",
            "accepted -echoed-> accepted",
            "accepted -mistaken for another-> unknown",
            "failed -retried-> queued",
            "failed -discarded-> failed",
            "unknown -echoed-> accepted",
            "unknown -not found-> needs_review",
            "needs_review -echoed-> accepted",
            "needs_review -sent again-> queued",
            "needs_review -marked as arrived-> settled",
            "needs_review -discarded-> failed",
            "settled -echoed-> accepted",
        ]
    );
}
