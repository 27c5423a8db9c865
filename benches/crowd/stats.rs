//! Medians, ratios, and the format of numbers.

/// Returns the median of the figures; `None` if there are none.
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Returns each run's figure divided by the floor's in the same run.
pub fn ratios(figures: &[f64], floor: &[f64]) -> Vec<f64> {
    figures.iter().zip(floor).map(|(figure, floor)| figure / floor).collect()
}

/// Returns a count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// Formats with three significant digits, or all before the point in groups of three.
pub fn shown(figure: f64) -> String {
    let size = figure.abs();
    if size >= 100.0 {
        return grouped(&format!("{figure:.0}"));
    }
    let places = match size {
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 || size == 0.0 => 2,
        _ if size >= 0.1 => 3,
        _ => 4,
    };
    format!("{figure:.places$}")
}

pub fn count(number: usize) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats the median, and the range of all runs if there are several.
pub fn spread(figures: &[f64]) -> String {
    let Some(middle) = median(figures) else {
        return "n/a".to_owned();
    };
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if shown(low) == shown(high) {
        shown(middle)
    } else {
        format!("{} ({}–{})", shown(middle), shown(low), shown(high))
    }
}

pub fn self_check() -> crate::fault::Result<()> {
    let medians = median(&[3.0, 1.0, 2.0]) == Some(2.0)
        && median(&[4.0, 1.0, 2.0, 3.0]) == Some(2.5)
        && median(&[]).is_none();
    let numbers =
        shown(1_234_567.0) == "1,234,567" && shown(0.0512) == "0.0512" && count(999) == "999";
    if medians && numbers && ratios(&[2.0, 9.0], &[1.0, 3.0]) == [2.0, 3.0] {
        Ok(())
    } else {
        Err("medians or numbers are wrong".into())
    }
}
