//! The extension module `aws.osml.io._io`.
