//! The choice between a kernel compiled for any processor and the same kernel compiled for the one at hand.

/// Defines `$name`, which is `$plain` compiled for AVX2 where the processor has it, and `$plain` as it is elsewhere. The
/// compiler turns the plain loops into vector code; what is missing from the baseline of x86-64 is above all the shuffle
/// of bytes that three or four interleaved bands need. `$plain` must be `#[inline(always)]`, or it is compiled once.
macro_rules! widest {
    ($(#[$about:meta])* $visibility:vis fn $name:ident($($argument:ident: $kind:ty),*) as $plain:ident) => {
        $(#[$about])*
        $visibility fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                #[target_feature(enable = "avx2")]
                fn compiled_for_avx2($($argument: $kind),*) {
                    $plain($($argument),*);
                }
                // SAFETY: the processor has AVX2, the only thing the function needs.
                return unsafe { compiled_for_avx2($($argument),*) };
            }
            $plain($($argument),*);
        }
    };
}

pub(super) use widest;
