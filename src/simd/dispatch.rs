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

/// Work that [`with_widest`] runs. `run`, and what it calls, must be `#[inline(always)]`.
pub(crate) trait Work {
    /// What it returns.
    type Output;

    /// Runs it.
    fn run(self) -> Self::Output;
}

/// Runs work compiled for AVX2 and the instructions on single bits if the processor has them, else for any processor.
pub(crate) fn with_widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") {
            #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
            fn compiled_for_bits<W: Work>(work: W) -> W::Output {
                work.run()
            }
            // SAFETY: the processor has the four extensions, the function's only requirement.
            return unsafe { compiled_for_bits(work) };
        }
    }
    work.run()
}
