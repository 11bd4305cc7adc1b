// Command verify_export checks an export of a voucher ledger with Go's checksum-database packages.
//
// Nothing in it knows this project: it opens the signed note and works out tree hashes, record proofs and tree
// proofs with golang.org/x/mod/sumdb/note and .../tlog. The one adaptation is the path of a tile, which tlog writes as
// tile/8/L/N and C2SP tlog-tiles as tile/L/N. It prints one JSON object, or a message to stderr and exit code 1.
//
//	verify_export DIR VKEY [RECEIPT EVENT]
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

type result struct {
	Origin       string `json:"origin"`
	Size         int64  `json:"size"`
	Root         string `json:"root"`
	Tiles        int    `json:"tiles"`
	RecordProofs int    `json:"record_proofs"`
	TreeProofs   int    `json:"tree_proofs"`
	Receipt      bool   `json:"receipt"`
}

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		fail(fmt.Errorf("usage: verify_export DIR VKEY [RECEIPT EVENT]"))
	}
	found, err := verify(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "verify_export:", err)
	os.Exit(1)
}

func verify(dir, vkey string, receipt []string) (*result, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	tree, origin, err := openCheckpoint(signed, verifier)
	if err != nil {
		return nil, err
	}
	leaves, err := readLeaves(dir, tree.N)
	if err != nil {
		return nil, err
	}
	stored, err := storedHashes(leaves)
	if err != nil {
		return nil, err
	}
	if err := checkRoot(tree, stored, "the entries"); err != nil {
		return nil, err
	}
	tiles := tlog.TileHashReader(tree, &tileReader{dir: dir})
	if err := checkRoot(tree, tiles, "the hash tiles"); err != nil {
		return nil, err
	}
	found := &result{Origin: origin, Size: tree.N, Root: fmt.Sprintf("%x", tree.Hash[:])}
	if found.Tiles, err = checkTiles(dir, tree.N, stored); err != nil {
		return nil, err
	}
	if found.RecordProofs, err = checkRecords(tree, leaves, tiles); err != nil {
		return nil, err
	}
	if found.TreeProofs, err = checkTrees(tree, stored, tiles); err != nil {
		return nil, err
	}
	if len(receipt) == 2 {
		if err := checkReceipt(receipt[0], receipt[1], verifier); err != nil {
			return nil, err
		}
		found.Receipt = true
	}
	return found, nil
}

// openCheckpoint verifies a signed note and reads its three lines: origin, size, root hash.
func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, string, error) {
	var tree tlog.Tree
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, "", err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, "", fmt.Errorf("the checkpoint has other lines than three")
	}
	if lines[0] != verifier.Name() {
		return tree, "", fmt.Errorf("the origin is not the key's name")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, "", err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, lines[0], err
}

// readLeaves cuts the entry bundles into entries and hashes each as a record.
func readLeaves(dir string, size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for first := int64(0); first < size; first += width {
		count := int64(width)
		if first+count > size {
			count = size - first
		}
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(count)}
		name := strings.Replace(c2spPath(tile), "tile/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for ; count > 0; count-- {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s is cut short", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves = append(leaves, tlog.RecordHash(data[2:end]))
			data = data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s goes on after its last entry", name)
		}
	}
	return leaves, nil
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("there is no hash %d", index)
		}
		hashes = append(hashes, m[index])
	}
	return hashes, nil
}

func storedHashes(leaves []tlog.Hash) (memory, error) {
	var stored memory
	for index, leaf := range leaves {
		hashes, err := tlog.StoredHashesForRecordHash(int64(index), leaf, stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	return stored, nil
}

func checkRoot(tree tlog.Tree, reader tlog.HashReader, from string) error {
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if root != tree.Hash {
		return fmt.Errorf("%s give root %v, signed is %v", from, root, tree.Hash)
	}
	return nil
}

func c2spPath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

// tileReader gives tlog the tiles of a C2SP directory.
type tileReader struct{ dir string }

func (r *tileReader) Height() int { return height }

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(r.dir, c2spPath(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// checkTiles compares every tile that a tree of this size has with the hashes of the entries.
func checkTiles(dir string, size int64, stored memory) (int, error) {
	tiles := widest(tlog.NewTiles(height, 0, size))
	for _, tile := range tiles {
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return 0, err
		}
		data, err := os.ReadFile(filepath.Join(dir, c2spPath(tile)))
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(data, expected) {
			return 0, fmt.Errorf("%s has other hashes than the entries", c2spPath(tile))
		}
	}
	return len(tiles), nil
}

// widest leaves out what a tree has outgrown: some releases of tlog name a partial tile of every width.
func widest(tiles []tlog.Tile) []tlog.Tile {
	var kept []tlog.Tile
	for _, tile := range tiles {
		if last := len(kept) - 1; last >= 0 && kept[last].L == tile.L && kept[last].N == tile.N {
			kept = kept[:last]
		}
		kept = append(kept, tile)
	}
	return kept
}

func checkRecords(tree tlog.Tree, leaves []tlog.Hash, reader tlog.HashReader) (int, error) {
	for index := int64(0); index < tree.N; index++ {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return 0, fmt.Errorf("record %d: %w", index, err)
		}
	}
	return int(tree.N), nil
}

func checkTrees(tree tlog.Tree, stored memory, reader tlog.HashReader) (int, error) {
	checked := 0
	for size := int64(1); size <= tree.N; size++ {
		older, err := tlog.TreeHash(size, stored)
		if err != nil {
			return 0, err
		}
		proof, err := tlog.ProveTree(tree.N, size, reader)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, size, older); err != nil {
			return 0, fmt.Errorf("tree of %d: %w", size, err)
		}
		checked++
	}
	return checked, nil
}

// checkReceipt verifies a C2SP tlog-proof of an event with tlog.CheckRecord.
func checkReceipt(proofFile, eventFile string, verifier note.Verifier) error {
	data, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	event, err := os.ReadFile(eventFile)
	if err != nil {
		return err
	}
	head, signed, ok := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return fmt.Errorf("%s is not a tlog-proof", proofFile)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return fmt.Errorf("%q is no hash", line)
		}
		proof = append(proof, tlog.Hash(*(*[tlog.HashSize]byte)(hash)))
	}
	tree, _, err := openCheckpoint([]byte(signed), verifier)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(event))
}
