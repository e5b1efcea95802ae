//! Tests of the service as a whole.

mod currencies;
mod simulation;
