//! Medians, percentiles, ratios, and whether two runs can be compared. Whole numbers: nanoseconds, bytes, thousandths.

/// A reference whose rounds differ by more than this, in thousandths of their median, was disturbed too much to compare with.
pub(crate) const LARGEST_SPREAD: u64 = 250;

/// The value that this share (in hundredths) of the values does not exceed, by the nearest rank; 0 of nothing.
pub(crate) fn percentile(values: &[u64], share: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * share).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// The middle value, the lower one of two; 0 of nothing.
pub(crate) fn median(values: &[u64]) -> u64 {
    percentile(values, 50)
}

/// `value` in thousandths of `of`; `None` of nothing.
pub(crate) fn thousandths(value: u64, of: u64) -> Option<u64> {
    (value * 1000).checked_div(of)
}

/// The median of the ratios within each round. What disturbs a whole round disturbs both of its sides.
pub(crate) fn ratio(values: &[u64], of: &[u64]) -> Option<u64> {
    let ratios: Option<Vec<u64>> =
        values.iter().zip(of).map(|(value, of)| thousandths(*value, *of)).collect();
    ratios.filter(|ratios| !ratios.is_empty()).map(|ratios| median(&ratios))
}

/// How far the middle half of the rounds is apart, in thousandths of the median: one disturbed round does not count.
pub(crate) fn spread(rounds: &[u64]) -> u64 {
    let apart = percentile(rounds, 75).saturating_sub(percentile(rounds, 25));
    thousandths(apart, median(rounds)).unwrap_or(0)
}

/// Whether a reference with these rounds can be compared with.
pub(crate) fn is_too_noisy(rounds: &[u64]) -> bool {
    spread(rounds) > LARGEST_SPREAD
}

#[cfg(test)]
mod tests;
