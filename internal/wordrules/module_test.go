package wordrules_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/internal/wordrules"
)

// A place is where a word is used: a file, or a folder with all that is below it.
type place struct{ path, word string }

// An exception names places, by path and word, and says why the words may be used there.
type exception struct {
	reason string
	places map[string][]string
}

// judge reports uses that no exception covers, and exceptions that cover no use.
func judge(t *testing.T, uses []wordrules.Use, exceptions []exception) {
	t.Helper()
	needed := map[place]bool{}
	for _, e := range exceptions {
		if e.reason == "" {
			t.Errorf("an exception without a reason: %v", e.places)
		}
		for at, words := range e.places {
			for _, word := range words {
				needed[place{at, word}] = false
			}
		}
	}
	counts := map[string]int{}
	for _, use := range uses {
		counts[use.Word]++
		covered := false
		for p := range needed {
			if p.word == use.Word && (use.File == p.path || strings.HasPrefix(use.File, p.path+"/")) {
				covered, needed[p] = true, true
			}
		}
		if !covered {
			t.Error(use)
		}
	}
	t.Logf("uses: %v", counts)
	for p, is := range needed {
		if !is {
			t.Errorf("nothing in %s uses %q: delete the exception", p.path, p.word)
		}
	}
}

func TestWordsAreKeptOut(t *testing.T) {
	var uses []wordrules.Use
	walk(t, ".", func(name, text string) {
		uses = append(uses, wordrules.FindWords(name, name, wordrules.Words())...) // the name of the file
		uses = append(uses, wordrules.FindWords(name, text, wordrules.Words())...)
	})
	judge(t, uses, wordExceptions())
}

func TestNamesAreKeptOutOfTheConnection(t *testing.T) {
	var uses []wordrules.Use
	walk(t, "core/entraconn", func(name, text string) {
		found, err := wordrules.FindIdentifiers(name, []byte(text), wordrules.Identifiers())
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, found...)
	})
	judge(t, uses, identifierExceptions())
}

// walk reads all Go files and documents of a folder of the module.
func walk(t *testing.T, folder string, read func(name, text string)) {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	files := 0
	err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := entry.Name() != "." && strings.HasPrefix(entry.Name(), ".")
		if entry.IsDir() && (hidden || entry.Name() == "testdata" || name == "internal/wordrules") {
			return fs.SkipDir
		}
		if ext := path.Ext(name); entry.IsDir() || ext != ".go" && ext != ".md" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files++
		read(name, string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("read %d files, so hardly anything was checked", files)
	}
}
