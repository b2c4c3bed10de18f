//! Which backups may go: a week of days, a month of weeks and a year of months stay.

use std::collections::BTreeSet;

use backscroll_model::DAY;

use super::Name;
use crate::calendar;

/// The newest of each of so many days, …
const DAYS: usize = 7;
/// … of so many weeks, …
const WEEKS: usize = 4;
/// … of so many months, …
const MONTHS: usize = 12;
/// … and of so many versions of the schema: the way back from a migration that went wrong.
const SCHEMAS: usize = 3;

/// Those that are superfluous beside `made`, the one that was made last and is good. Days, weeks and months with no
/// backup do not count: who opens the program once a month keeps a year, too. Days are those of UTC.
pub fn superfluous(names: &[Name], made: Name) -> Vec<Name> {
    let mut newest_first: Vec<Name> = names.to_vec();
    newest_first.sort_by_key(|name| std::cmp::Reverse(*name));
    newest_first.sort_by_key(|name| std::cmp::Reverse(name.at));
    let day = |name: &Name| name.at.0.div_euclid(DAY);
    // 1970-01-01 was a Thursday; weeks begin on Monday.
    let week = |name: &Name| (day(name) + 3).div_euclid(7);
    let mut kept = BTreeSet::from([made]);
    kept.extend(newest_first.first());
    newest_of_each(&newest_first, DAYS, day, &mut kept);
    newest_of_each(&newest_first, WEEKS, week, &mut kept);
    newest_of_each(&newest_first, MONTHS, |name| calendar::month(name.at), &mut kept);
    let mut schemas: Vec<Name> = newest_first.clone();
    schemas.sort_by_key(|name| std::cmp::Reverse(name.schema));
    newest_of_each(&schemas, SCHEMAS, |name| i64::from(name.schema), &mut kept);
    newest_first.retain(|name| !kept.contains(name));
    newest_first
}

fn newest_of_each(newest_first: &[Name], most: usize, span: impl Fn(&Name) -> i64, kept: &mut BTreeSet<Name>) {
    let mut spans = BTreeSet::new();
    for name in newest_first {
        if spans.len() == most && !spans.contains(&span(name)) {
            return;
        }
        if spans.insert(span(name)) {
            kept.insert(*name);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{HOUR, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::backup::Origin;

    const NOW: i64 = 20_779 * DAY + 10 * HOUR;

    fn at(days_ago: i64, hours: i64) -> Name {
        Name { origin: Origin(1), at: Timestamp(NOW - days_ago * DAY - hours * HOUR), schema: 1 }
    }

    /// What is left after each of these was made in turn.
    fn left(mut made: Vec<Name>) -> Vec<Name> {
        made.sort_by_key(|name| name.at);
        let mut kept: Vec<Name> = Vec::new();
        for name in made {
            kept.push(name);
            let gone = superfluous(&kept, name);
            kept.retain(|name| !gone.contains(name));
        }
        kept
    }

    #[test]
    fn two_years_of_days_become_a_week_of_days_a_month_of_weeks_and_a_year_of_months() {
        let kept = left((0..730).map(|day| at(day, 0)).collect());
        for day in 0..7 {
            assert!(kept.contains(&at(day, 0)), "{day} days ago");
        }
        assert!((17..=23).contains(&kept.len()), "{}", kept.len());
        let oldest = kept.first().unwrap();
        // Today is 22 November 2026: the twelfth month is December 2025, and its newest day the last one.
        assert_eq!((NOW - oldest.at.0) / DAY, 326, "{oldest:?}");
    }

    #[test]
    fn of_a_day_the_newest_stays() {
        let kept = left(vec![at(1, 0), at(1, 3), at(1, 5), at(0, 0)]);
        assert_eq!(kept, [at(1, 0), at(0, 0)]);
    }

    #[test]
    fn who_backs_up_once_a_month_keeps_a_year() {
        let kept = left((0..30).map(|month| at(month * 31, 0)).collect());
        assert!(kept.len() >= 12, "{}", kept.len());
    }

    #[test]
    fn the_one_that_was_just_made_stays_beside_one_from_the_future() {
        let future: Vec<Name> = (1..20).map(|day| at(-day * 40, 0)).collect();
        let made = at(0, 0);
        let gone = superfluous(&[future.clone(), vec![made]].concat(), made);
        assert!(!gone.contains(&made));
        assert!(!gone.contains(future.last().unwrap()));
    }

    #[test]
    fn the_last_one_before_each_migration_stays() {
        let before = Name { schema: 1, ..at(400, 0) };
        let all: Vec<Name> = (0..380)
            .map(|day| Name { schema: 2, ..at(day, 0) })
            .chain([Name { schema: 1, ..at(401, 0) }, before])
            .collect();
        let gone = superfluous(&all, Name { schema: 2, ..at(0, 0) });
        assert!(!gone.contains(&before));
        assert!(gone.contains(&Name { schema: 1, ..at(401, 0) }));
    }

    proptest! {
        #[test]
        fn the_newest_and_the_last_made_are_never_superfluous(
            ats in proptest::collection::vec((0..3_000_i64, 0..24_i64, 1..5_u32), 1..60),
            last: proptest::sample::Index,
        ) {
            let names: Vec<Name> = ats.iter().map(|(d, h, schema)| Name { schema: *schema, ..at(*d, *h) }).collect();
            let made = *last.get(&names);
            let gone = superfluous(&names, made);
            let newest = names.iter().max_by_key(|name| name.at).unwrap();
            prop_assert!(!gone.contains(&made));
            prop_assert!(names.iter().any(|name| name.at == newest.at && !gone.contains(name)));
            prop_assert!(names.len() - gone.len() <= 1 + DAYS + WEEKS + MONTHS + SCHEMAS + names.len());
            // Nothing new, nothing more to remove.
            let rest: Vec<Name> = names.iter().copied().filter(|name| !gone.contains(name)).collect();
            prop_assert!(superfluous(&rest, made).is_empty());
        }
    }
}
