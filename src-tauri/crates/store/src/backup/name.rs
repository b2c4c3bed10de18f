//! The names of backups: whose, when and of which schema, so that a folder can be read without opening a file.
//!
//! `backscroll-1f2e3d4c-20261122T095217Z-v1.db`

use std::fmt;

use backscroll_model::{DAY, SECOND, Timestamp};

/// A data folder. Two of them may use one folder for their backups: each thins out its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub u32);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl Origin {
    /// Reads [`Display`](fmt::Display) back.
    pub fn parse(word: &str) -> Option<Self> {
        let plain = word.len() == 8 && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| u32::from_str_radix(word, 16).ok().map(Self)).flatten()
    }
}

/// What the name of a backup says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Of which data folder.
    pub origin: Origin,
    /// When it was made, to the second.
    pub at: Timestamp,
    /// The version of its schema.
    pub schema: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, at, schema } = self;
        let (year, month, day) = date(at.0.div_euclid(DAY));
        let second = at.0.rem_euclid(DAY) / SECOND;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "backscroll-{origin}-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-v{schema}.db")
    }
}

impl Name {
    /// Reads [`Display`](fmt::Display) back.
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_prefix("backscroll-")?.strip_suffix(".db")?.split('-');
        let (origin, at, schema) = (words.next()?, words.next()?, words.next()?);
        let number = |from: usize, to: usize| at.get(from..to)?.parse::<i64>().ok();
        let days = days(number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let seconds = number(9, 11)? * 3_600 + number(11, 13)? * 60 + number(13, 15)?;
        let found = Self {
            origin: Origin::parse(origin)?,
            at: Timestamp(days * DAY + seconds * SECOND),
            schema: schema.strip_prefix('v')?.parse().ok()?,
        };
        // Only what we would have written: no 30th of February, no sign, no rest.
        (found.to_string() == name).then_some(found)
    }
}

/// Year, month and day of so many days after 1970-01-01.
/// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.)
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

/// The other way round (`days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_says_when_and_of_what() {
        let name = Name { origin: Origin(0x1f2e_3d4c), at: Timestamp(1_795_341_137_000), schema: 1 };
        assert_eq!(name.to_string(), "backscroll-1f2e3d4c-20261122T095217Z-v1.db");
        assert_eq!(Name::parse(&name.to_string()).unwrap(), name);
    }

    #[test]
    fn what_we_did_not_name_is_nobodys_backup() {
        for other in [
            "backscroll.db",
            "backscroll-1f2e3d4c-20260230T095217Z-v1.db",
            "backscroll-1f2e3d4c-20261122T095217Z-v1.db.part",
            "backscroll-1f2e3d4c-20261122T095217Z-v01.db",
            "backscroll-1F2E3D4C-20261122T095217Z-v1.db",
            "backscroll-+f2e3d4c-20261122T095217Z-v1.db",
            "backscroll-1f2e3d4c-2026112éT095217Z-v1.db",
            "backscroll-1f2e3d4c-20261122T095217Z-v1-2.db",
            "",
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn each_second_of_the_calendar_is_read_back(second in 0..253_402_300_799_i64, origin: u32, schema: u32) {
            let name = Name { origin: Origin(origin), at: Timestamp(second * SECOND), schema };
            prop_assert_eq!(Name::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn nothing_that_stands_in_a_folder_panics(name in ".*") {
            let _ = Name::parse(&name);
            let _ = Name::parse(&format!("backscroll-1f2e3d4c-{name}-v1.db"));
        }
    }
}
