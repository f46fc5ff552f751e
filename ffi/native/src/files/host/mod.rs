//! Files that the host reads and writes for itself: those of a program, and `.capsule` of a project.

pub mod host_file;
pub mod project;
