//! Reading fields of items whose form nobody promises: what is missing or of another type is `None`.

use serde_json::{Map, Value};

pub(crate) type Object = Map<String, Value>;

pub(crate) fn text<'o>(object: &'o Object, names: &[&str]) -> Option<&'o str> {
    names.iter().find_map(|name| object.get(*name)?.as_str()).filter(|text| !text.is_empty())
}

pub(crate) fn list<'o>(object: &'o Object, name: &str) -> &'o [Value] {
    object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn is_set(object: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| object.get(*name).and_then(Value::as_bool).unwrap_or(false))
}

/// Milliseconds since 1970 of a number that may be in seconds (downloads before 2018) or microseconds.
pub(crate) fn millis(object: &Object, names: &[&str]) -> Option<i64> {
    let number = names.iter().find_map(|name| match object.get(*name)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })?;
    match number {
        // 1970 to 5138 in seconds; in milliseconds that is before 1973, when none of the platforms was there.
        1..100_000_000_000 => Some(number * 1_000),
        100_000_000_000..100_000_000_000_000 => Some(number),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number / 1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_time_that_downloads_used_is_understood() {
        let of = |number: Value| millis(&Object::from_iter([("timestamp".to_owned(), number)]), &["timestamp"]);
        assert_eq!(of(1_512_345_678.into()), Some(1_512_345_678_000));
        assert_eq!(of(1_512_345_678_901_i64.into()), Some(1_512_345_678_901));
        assert_eq!(of(1_512_345_678_901_234_i64.into()), Some(1_512_345_678_901));
        assert_eq!(of("1512345678901".into()), Some(1_512_345_678_901));
        for nonsense in [0.into(), (-5).into(), "soon".into(), Value::Null, i64::MAX.into()] {
            assert_eq!(of(nonsense), None);
        }
    }
}
