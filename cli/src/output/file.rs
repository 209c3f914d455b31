//! Files that are there as a whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

/// Puts `content` where `file` is to be. Whatever happens, there is either what was there before or all of the new.
pub(crate) fn replace_file(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes from it.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut new = builder.tempfile_in(folder)?;
    new.write_all(content)?;
    new.persist(file)?;
    Ok(())
}
