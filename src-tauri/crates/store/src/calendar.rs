//! Calendar months in UTC: the period by which X bills.

use backscroll_model::{DAY, Timestamp};

/// Months since January 1970 of the instant, by the proleptic Gregorian calendar.
/// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.)
pub(crate) fn month(at: Timestamp) -> i64 {
    let days = at.0.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Counted from March, so that the leap day is the last of its year.
    let month_from_march = (5 * day_of_year + 2) / 153;
    (year_of_era + era * 400 - 1970) * 12 + month_from_march + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_turn_at_midnight_utc() {
        assert_eq!(month(Timestamp(0)), 0);
        assert_eq!(month(Timestamp(31 * DAY - 1)), 0);
        assert_eq!(month(Timestamp(31 * DAY)), 1);
        // 2024-02-29T23:59:59.999Z and the next millisecond.
        assert_eq!(month(Timestamp(1_709_251_199_999)), 54 * 12 + 1);
        assert_eq!(month(Timestamp(1_709_251_200_000)), 54 * 12 + 2);
        assert_eq!(month(Timestamp(-1)), -1);
    }
}
