"""The Joint BIIF Profile (NITF 2.1 and NSIF 1.0): typed views of header fields are in `aws.osml.io.jbp.utils`."""
