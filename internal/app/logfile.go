package app

import (
	"os"
	"path/filepath"
	"sync"
)

// A logFile is a file that is appended to and can be opened anew, after it
// was renamed. Its methods are safe for concurrent use.
type logFile struct {
	path string

	mu sync.Mutex // guards f
	f  *os.File
}

func openLogFile(path string) (*logFile, error) {
	l := &logFile{path: filepath.Clean(path)}
	return l, l.Reopen()
}

// Reopen opens the file that has the name now. If it cannot, lines go on to
// where they went before.
func (l *logFile) Reopen() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.f
	l.f = f
	if old == nil {
		return nil
	}
	return old.Close()
}

// Write implements io.Writer.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Write(p)
}

// Close closes the file; nothing may be written afterwards.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
