//! The choice at run time between a kernel compiled for any processor and the same kernel compiled for AVX2.

/// Defines `$name`, which calls `$plain` compiled for AVX2 if the processor has it, else plain `$plain`. The compiler
/// vectorises the loops; baseline x86-64 lacks above all the shuffle of bytes that three or four interleaved bands need.
/// `$plain` must be `#[inline(always)]`, or it is compiled only once.
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
                // SAFETY: the processor has AVX2, the function's only requirement.
                return unsafe { compiled_for_avx2($($argument),*) };
            }
            $plain($($argument),*);
        }
    };
}

pub(super) use widest;
